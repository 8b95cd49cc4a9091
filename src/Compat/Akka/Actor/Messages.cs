using Akka.Event;

namespace Akka.Actor;

/// <summary>Marks messages that every actor handles before its own code sees them.</summary>
public interface IAutoReceivedMessage { }

/// <summary>Marks messages that may harm an actor when they come from another process.</summary>
public interface IPossiblyHarmful { }

/// <summary>Marks messages that are never serialized.</summary>
public interface INoSerializationVerificationNeeded { }

/// <summary>Marks messages that do not reset an actor's receive time-out.</summary>
public interface INotInfluenceReceiveTimeout { }

/// <summary>A message and who sent it.</summary>
public readonly struct Envelope
{
    public Envelope(object message, IActorRef sender) => (Message, Sender) = (message, sender);
    public IActorRef Sender { get; }
    public object Message { get; }
    public override string ToString() => $"<{Message}> from {(Sender is null ? "NoSender" : Sender)}";
}

/// <summary>Stops the actor when its turn in the mailbox comes.</summary>
public sealed class PoisonPill : IAutoReceivedMessage, IPossiblyHarmful, IDeadLetterSuppression
{
    private PoisonPill() { }
    public static PoisonPill Instance { get; } = new();
    public override string ToString() => "<PoisonPill>";
}

/// <summary>Makes the actor fail with <see cref="ActorKilledException"/>, for its parent to decide.</summary>
public sealed class Kill : IAutoReceivedMessage
{
    private Kill() { }
    public static Kill Instance { get; } = new();
    public override string ToString() => "<Kill>";
}

/// <summary>Asks an actor to answer with <see cref="ActorIdentity"/>.</summary>
public sealed class Identify : IAutoReceivedMessage, INotInfluenceReceiveTimeout
{
    public Identify(object messageId) => MessageId = messageId;
    public object MessageId { get; }
    public override bool Equals(object obj) => obj is Identify other && Equals(MessageId, other.MessageId);
    public override int GetHashCode() => MessageId?.GetHashCode() ?? 0;
    public override string ToString() => $"<Identify>: {MessageId}";
}

/// <summary>The answer to <see cref="Identify"/>; <see cref="Subject"/> is null where there is no such actor.</summary>
public sealed class ActorIdentity
{
    public ActorIdentity(object messageId, IActorRef subject) => (MessageId, Subject) = (messageId, subject);
    public object MessageId { get; }
    public IActorRef Subject { get; }
    public override bool Equals(object obj) => obj is ActorIdentity o && Equals(MessageId, o.MessageId) && Equals(Subject, o.Subject);
    public override int GetHashCode() => HashCode.Combine(MessageId, Subject);
    public override string ToString() => $"<ActorIdentity>: {Subject} - MessageId={MessageId}";
}

/// <summary>Tells a watcher that an actor ended.</summary>
public sealed class Terminated : IAutoReceivedMessage, IPossiblyHarmful, IDeadLetterSuppression, INoSerializationVerificationNeeded, IEquatable<Terminated>
{
    public Terminated(IActorRef actorRef, bool existenceConfirmed, bool addressTerminated) =>
        (ActorRef, ExistenceConfirmed, AddressTerminated) = (actorRef, existenceConfirmed, addressTerminated);

    public IActorRef ActorRef { get; }

    /// <summary>Whether the actor is known to have lived.</summary>
    public bool ExistenceConfirmed { get; }

    /// <summary>Whether its whole node is gone.</summary>
    public bool AddressTerminated { get; }

    public bool Equals(Terminated other) =>
        other is not null && Equals(ActorRef, other.ActorRef) && AddressTerminated == other.AddressTerminated && ExistenceConfirmed == other.ExistenceConfirmed;

    public override bool Equals(object obj) => Equals(obj as Terminated);
    public override int GetHashCode() => HashCode.Combine(ActorRef, ExistenceConfirmed, AddressTerminated);
    public override string ToString() => $"<Terminated>: {ActorRef} - ExistenceConfirmed={ExistenceConfirmed}";
}

/// <summary>Comes when an actor received nothing for the time it had set.</summary>
public class ReceiveTimeout : IPossiblyHarmful
{
    private ReceiveTimeout() { }
    public static ReceiveTimeout Instance { get; } = new();
}

/// <summary>A reply that says how it went; a <see cref="Failure"/> makes an <c>Ask</c> throw its cause.</summary>
public abstract class Status
{
    private protected Status() { }

    /// <summary>It went well.</summary>
    public sealed class Success : Status
    {
        public static readonly Success Instance = new(null);
        public readonly object Status;
        public Success(object status) => Status = status;
        public override string ToString() => Status is null ? "Success" : $"Success: {Status}";
    }

    /// <summary>It failed, and why.</summary>
    public sealed class Failure : Status
    {
        public readonly Exception Cause;
        public readonly object State;
        public Failure(Exception cause) => Cause = cause;
        public Failure(Exception cause, object state) => (Cause, State) = (cause, state);
        public override string ToString() => $"Failure: {Cause}";
    }
}
