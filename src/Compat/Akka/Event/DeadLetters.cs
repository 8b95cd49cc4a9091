using Akka.Actor;

namespace Akka.Event;

/// <summary>Marks messages whose loss is no news.</summary>
public interface IDeadLetterSuppression { }

/// <summary>A message that reached nobody, with its sender and its recipient.</summary>
public abstract class AllDeadLetters
{
    private protected AllDeadLetters(object message, IActorRef sender, IActorRef recipient) =>
        (Message, Sender, Recipient) = (message, sender, recipient);

    public object Message { get; }
    public IActorRef Sender { get; }
    public IActorRef Recipient { get; }
    public override string ToString() => $"{GetType().Name} from {(Sender is null ? "NoSender" : Sender)} to {Recipient}: <{Message}>";
}

/// <summary>Its recipient does not live.</summary>
public sealed class DeadLetter : AllDeadLetters
{
    public DeadLetter(object message, IActorRef sender, IActorRef recipient) : base(message, sender, recipient) { }
}

/// <summary>Its recipient is not told of such losses (see <see cref="IDeadLetterSuppression"/>).</summary>
public sealed class SuppressedDeadLetter : AllDeadLetters
{
    public SuppressedDeadLetter(object message, IActorRef sender, IActorRef recipient) : base(message, sender, recipient) { }
}

/// <summary>Its recipient had no handler for it.</summary>
public sealed class UnhandledMessage : AllDeadLetters
{
    public UnhandledMessage(object message, IActorRef sender, IActorRef recipient) : base(message, sender, recipient) { }
}
