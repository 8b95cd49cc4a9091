using Akka.Actor;
using Akka.Dispatch;

namespace Akka.Remote;

/// <summary>An actor in another process.</summary>
internal sealed class RemoteActorRef(RemoteTransport transport, ActorPath path) : InternalActorRef
{
    public override ActorPath Path => path;
    internal override ActorSystemImpl System => transport.System;
    internal override bool IsLocal => false;

    protected override void TellInternal(object message, IActorRef sender) => transport.Send(this, message, sender);

    internal override void SendSystemMessage(SystemMessage message)
    {
        switch (message)
        {
            case Watch watch when !watch.Watcher.Path.Address.HasGlobalScope: transport.Watches.Add(this, watch.Watcher); break;
            case Unwatch unwatch: transport.Watches.Remove(this, unwatch.Watcher); break;
            case DeathWatchNotification notification: transport.SendDeathNotice(this, notification); break;
            case Terminate: transport.Send(this, PoisonPill.Instance, null); break;
            default: throw new NotSupportedException($"{message.GetType().Name} cannot be sent to another process.");
        }
    }
}
