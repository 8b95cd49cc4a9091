using Akka.Actor;

namespace Akka.Remote;

internal sealed class RemoteTransport
{
    internal Address LocalAddress { get; }
    internal InternalActorRef RefTo(ActorPath path) => throw new NotSupportedException();
    internal static Task Shutdown() => Task.CompletedTask;
    internal static RemoteTransport Start(ActorSystemImpl system) => throw new NotSupportedException("The providers remote and cluster are not there yet.");
}
