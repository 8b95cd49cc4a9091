using System.Collections.Concurrent;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>The references of one system: its root with the guardians, temporary references, and those that paths lead to.</summary>
internal sealed class RefTree
{
    private readonly ActorSystemImpl _system;
    private readonly ConcurrentDictionary<string, InternalActorRef> _temp = new();
    private readonly ActorPath _tempPath;
    private long _nextTemp;

    internal RefTree(ActorSystemImpl system)
    {
        _system = system;
        LocalAddress = new Address("akka", system.Name);
        var root = new RootActorPath(LocalAddress);
        _tempPath = root / "temp";
        Root = new RootRef(system, root, this);
        DeadLetters = new DeadLetterActorRef(system, root / "deadLetters");
    }

    internal Address LocalAddress { get; }
    internal InternalActorRef Root { get; }
    internal InternalActorRef DeadLetters { get; }
    internal LocalActorRef UserGuardian { get; private set; }
    internal LocalActorRef SystemGuardian { get; private set; }

    internal void Start()
    {
        SystemGuardian = Guardian("system");
        UserGuardian = Guardian("user");
    }

    private LocalActorRef Guardian(string name)
    {
        var cell = new ActorCell(_system, Props.Create<GuardianActor>(), new ChildActorPath(Root.Path, name, ActorSystemImpl.NewUid()), Root);
        cell.EnqueueSystem(Create.Instance);
        return (LocalActorRef)cell.SelfRef;
    }

    internal ActorPath NewTempPath() => _tempPath / $"$t{Interlocked.Increment(ref _nextTemp):x}";

    internal void RegisterTemp(InternalActorRef actor) => _temp[actor.Path.Name] = actor;

    internal void UnregisterTemp(InternalActorRef actor) => _temp.TryRemove(actor.Path.Name, out _);

    internal bool IsOwn(Address address) => address == LocalAddress || (_system.Remote is { } remote && address == remote.LocalAddress);

    /// <summary>The root of a system, this one or another.</summary>
    internal InternalActorRef RootOf(Address address)
    {
        if (IsOwn(address)) return Root;
        return _system.Remote is { } remote ? remote.RefTo(new RootActorPath(address)) : new EmptyLocalActorRef(_system, new RootActorPath(address));
    }

    /// <summary>The actor at a path, or a reference without an actor if none lives there.</summary>
    internal InternalActorRef Resolve(ActorPath path)
    {
        if (!IsOwn(path.Address)) return _system.Remote is { } remote ? remote.RefTo(path) : new EmptyLocalActorRef(_system, path);
        var at = Root;
        for (var i = 0; i < path.Elements.Count && at is not null; i++)
            if (path.Elements[i].Length > 0) at = at.GetChild(path.Elements[i]);
        return at is null || (path.Uid != 0 && at.Path.Uid != path.Uid) ? new EmptyLocalActorRef(_system, path) : at;
    }

    private InternalActorRef Temp(string name) => _temp.GetValueOrDefault(name);

    /// <summary>Sees to the guardians: a failure that reaches the top ends the system.</summary>
    private sealed class RootRef(ActorSystemImpl system, ActorPath path, RefTree tree) : InternalActorRef
    {
        public override ActorPath Path => path;
        internal override ActorSystemImpl System => system;

        internal override InternalActorRef GetChild(string name) => name switch
        {
            "user" => tree.UserGuardian,
            "system" => tree.SystemGuardian,
            "deadLetters" => tree.DeadLetters,
            "temp" => new TempRef(system, tree),
            _ => null,
        };

        internal override IEnumerable<InternalActorRef> GetChildren() => [tree.UserGuardian, tree.SystemGuardian];

        protected override void TellInternal(object message, IActorRef sender)
        {
            if (message is SelectionMessage selection) selection.Deliver(this, sender);
            else if (message is Identify identify) sender?.Tell(new ActorIdentity(identify.MessageId, this), this);
            else system.PublishDeadLetter(message, sender, this);
        }

        internal override void SendSystemMessage(SystemMessage message)
        {
            switch (message)
            {
                case Failed failed:
                    system.EventStream.Publish(new Error(failed.Cause, Path.ToString(), typeof(ActorSystem), $"guardian {failed.Child} failed, shutting down system"));
                    failed.Child.Stop();
                    _ = system.Terminate();
                    break;
                case DeathWatchNotification ended when ReferenceEquals(ended.Actor, tree.UserGuardian):
                    tree.SystemGuardian.Stop();
                    break;
                case DeathWatchNotification ended when ReferenceEquals(ended.Actor, tree.SystemGuardian):
                    _ = system.Finish();
                    break;
            }
        }
    }

    /// <summary>The parent of the references that wait for a reply.</summary>
    private sealed class TempRef(ActorSystemImpl system, RefTree tree) : InternalActorRef
    {
        public override ActorPath Path => tree._tempPath;
        internal override ActorSystemImpl System => system;
        internal override InternalActorRef GetChild(string name) => tree.Temp(name);
        protected override void TellInternal(object message, IActorRef sender) => system.PublishDeadLetter(message, sender, this);
        internal override void SendSystemMessage(SystemMessage message) { }
    }
}

/// <summary>The parent of the actors that the system itself makes.</summary>
internal sealed class GuardianActor : ActorBase
{
    protected override bool Receive(object message)
    {
        Context.System.DeadLetters.Tell(new DeadLetter(message, Sender, Self), Sender);
        return true;
    }
}
