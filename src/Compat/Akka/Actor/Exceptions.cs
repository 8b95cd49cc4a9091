namespace Akka.Actor
{
    /// <summary>The base of this library's exceptions.</summary>
    public abstract class AkkaException : Exception
    {
        protected AkkaException() { }
        protected AkkaException(string message, Exception cause = null) : base(message, cause) { }
        protected Exception Cause => InnerException;
    }

    /// <summary>No reply came within the time that <c>Ask</c> was given.</summary>
    public class AskTimeoutException : AkkaException
    {
        public AskTimeoutException(string message) : base(message) { }
    }

    /// <summary>A selection did not resolve to an actor in time.</summary>
    public class ActorNotFoundException : AkkaException
    {
        public ActorNotFoundException() { }
        public ActorNotFoundException(string message, Exception innerException = null) : base(message, innerException) { }
    }

    /// <summary>An actor's constructor or its <c>PreStart</c> failed.</summary>
    public class ActorInitializationException : AkkaException
    {
        public ActorInitializationException() { }
        public ActorInitializationException(string message) : base(message) { }
        public ActorInitializationException(string message, Exception cause) : base(message, cause) { }
        public ActorInitializationException(IActorRef actor, string message, Exception cause = null) : base(message, cause) => Actor = actor;
        public IActorRef Actor { get; set; }
        public override string ToString() => Actor is null ? base.ToString() : $"{Actor}: {base.ToString()}";
    }

    /// <summary>A restarted actor's constructor or its <c>PostRestart</c> failed.</summary>
    public class PostRestartException : ActorInitializationException
    {
        public PostRestartException(IActorRef actor, Exception cause, Exception originalCause)
            : base(actor, $"Exception post restart ({(originalCause is null ? "null" : originalCause.GetType().ToString())})", cause) => OriginalCause = originalCause;
        public Exception OriginalCause { get; }
    }

    /// <summary>The actor was sent <see cref="Kill"/>.</summary>
    public class ActorKilledException : AkkaException
    {
        public ActorKilledException() { }
        public ActorKilledException(string message) : base(message) { }
    }

    /// <summary>An actor's name is taken or not allowed.</summary>
    public class InvalidActorNameException : AkkaException
    {
        public InvalidActorNameException(string message) : base(message) { }
        public InvalidActorNameException(string message, Exception innerException) : base(message, innerException) { }
    }

    /// <summary>A watched actor ended, and its watcher had no handler for <see cref="Terminated"/>.</summary>
    public class DeathPactException : AkkaException
    {
        public DeathPactException(IActorRef deadActor) : base($"Monitored actor [{deadActor}] terminated") => DeadActor = deadActor;
        public IActorRef DeadActor { get; }
    }

    /// <summary>A schedule cannot be kept.</summary>
    public sealed class SchedulerException : AkkaException
    {
        public SchedulerException(string message) : base(message) { }
    }
}

namespace Akka
{
    /// <summary>The value of a task that has none.</summary>
    public sealed class Done
    {
        public static readonly Done Instance = new();
        private Done() { }
    }
}
