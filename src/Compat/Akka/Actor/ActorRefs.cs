using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Equality, order and text of references: the path with the uid.</summary>
public abstract class ActorRefBase : IActorRef
{
    public abstract ActorPath Path { get; }

    public void Tell(object message, IActorRef sender)
    {
        if (message is null) throw new InvalidMessageException("Message is null.");
        TellInternal(message, sender ?? ActorRefs.NoSender);
    }

    protected abstract void TellInternal(object message, IActorRef sender);

    public bool Equals(IActorRef other) => other is not null && Path.Uid == other.Path.Uid && Path.Equals(other.Path);
    public override bool Equals(object obj) => obj is IActorRef other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(Path.Uid, Path);

    public int CompareTo(IActorRef other)
    {
        if (other is null) return 1;
        var order = Path.CompareTo(other.Path);
        return order != 0 ? order : Path.Uid.CompareTo(other.Path.Uid);
    }

    public int CompareTo(object obj) => CompareTo((IActorRef)obj);

    public override string ToString() => Path.Uid == 0 ? $"[{Path}]" : $"[{Path}#{Path.Uid}]";
}

/// <summary>A message was null.</summary>
public class InvalidMessageException : AkkaException
{
    public InvalidMessageException() : this("Message is null") { }
    public InvalidMessageException(string message) : base(message) { }
}

/// <summary>What the library itself can do with a reference.</summary>
internal abstract class InternalActorRef : ActorRefBase
{
    internal abstract ActorSystemImpl System { get; }
    internal virtual bool IsLocal => true;
    internal virtual InternalActorRef Parent => null;
    internal abstract void SendSystemMessage(SystemMessage message);
    internal virtual InternalActorRef GetChild(string name) => null;
    internal virtual IEnumerable<InternalActorRef> GetChildren() => [];
    internal void Stop() => SendSystemMessage(Terminate.Instance);
}

/// <summary>The references that stand for no actor.</summary>
public static class ActorRefs
{
    public static readonly Nobody Nobody = Nobody.Instance;

    /// <summary>The sender of a message that nobody sent.</summary>
    public static readonly IActorRef NoSender = null;
}

/// <summary>Takes every message and drops it.</summary>
public sealed class Nobody : ActorRefBase
{
    public static readonly Nobody Instance = new();
    private Nobody() { }
    public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / "Nobody";
    protected override void TellInternal(object message, IActorRef sender) { }
}

/// <summary>An actor of this system: a handle to its cell.</summary>
internal sealed class LocalActorRef : InternalActorRef
{
    internal LocalActorRef(ActorPath path) => Path = path;
    internal ActorCell Cell { get; init; }
    public override ActorPath Path { get; }
    internal override ActorSystemImpl System => Cell.SystemImpl;
    internal override InternalActorRef Parent => Cell.ParentRef;
    protected override void TellInternal(object message, IActorRef sender) => Cell.Enqueue(new Envelope(message, sender));
    internal override void SendSystemMessage(SystemMessage message) => Cell.EnqueueSystem(message);
    internal override InternalActorRef GetChild(string name) => Cell.FindChild(name);
    internal override IEnumerable<InternalActorRef> GetChildren() => Cell.Children.Refs;
}

/// <summary>Stands where a path leads to no living actor: messages become dead letters, and a watcher learns that there is nobody.</summary>
internal sealed class EmptyLocalActorRef : InternalActorRef
{
    internal EmptyLocalActorRef(ActorSystemImpl system, ActorPath path) => (System, Path) = (system, path);
    public override ActorPath Path { get; }
    internal override ActorSystemImpl System { get; }

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is Identify identify) (sender ?? System.DeadLetters).Tell(new ActorIdentity(identify.MessageId, null), null);
        else System.PublishDeadLetter(message, sender, this);
    }

    internal override void SendSystemMessage(SystemMessage message)
    {
        if (message is Watch watch && !Equals(watch.Watchee, watch.Watcher))
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, ExistenceConfirmed: false, AddressTerminated: false));
    }
}

/// <summary>Where messages to nobody end: each is published as a <see cref="Event.DeadLetter"/>.</summary>
internal sealed class DeadLetterActorRef : InternalActorRef
{
    internal DeadLetterActorRef(ActorSystemImpl system, ActorPath path) => (System, Path) = (system, path);
    public override ActorPath Path { get; }
    internal override ActorSystemImpl System { get; }

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is Identify identify) sender?.Tell(new ActorIdentity(identify.MessageId, null), null);
        else if (message is Event.DeadLetter letter) System.PublishDeadLetter(letter);
        else System.PublishDeadLetter(message, sender, this);
    }

    internal override void SendSystemMessage(SystemMessage message)
    {
        if (message is Watch watch && !Equals(watch.Watchee, watch.Watcher))
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, ExistenceConfirmed: false, AddressTerminated: false));
    }
}
