using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

/// <summary>A system's settings.</summary>
public class Settings
{
    internal Settings(Config config)
    {
        Config = config.WithFallback(ConfigurationFactory.Default());
        LogLevel = Config.GetString("akka.loglevel");
        StdoutLogLevel = Config.GetString("akka.stdout-loglevel");
        AskTimeout = Config.GetTimeSpan("akka.actor.ask-timeout", Timeout.InfiniteTimeSpan);
    }

    public Config Config { get; }
    public string LogLevel { get; }
    public string StdoutLogLevel { get; }
    public TimeSpan AskTimeout { get; }
}

/// <summary>A part that an actor system has once.</summary>
public interface IExtension { }

/// <summary>A tree of actors with what they share: a name, settings, a scheduler, an event stream, and perhaps a place in a cluster.</summary>
public abstract class ActorSystem : IActorRefFactory, IDisposable
{
    private protected ActorSystem() { }

    public abstract string Name { get; }
    public abstract Settings Settings { get; }
    public abstract EventStream EventStream { get; }
    public abstract IActorRef DeadLetters { get; }
    public abstract IScheduler Scheduler { get; }
    public abstract ILoggingAdapter Log { get; }

    /// <summary>Ends when the system has ended.</summary>
    public abstract Task WhenTerminated { get; }

    public TimeSpan StartTime { get; private protected init; }
    public abstract TimeSpan Uptime { get; }

    public static ActorSystem Create(string name) => Create(name, Config.Empty);

    /// <summary>Starts a system; with the provider <c>remote</c> or <c>cluster</c> its address is bound when this returns, and a port in use throws.</summary>
    public static ActorSystem Create(string name, Config config)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || name[0] is '-' or '_')
            throw new ArgumentException($"Invalid ActorSystem name [{name}], must contain only word characters (i.e. [a-zA-Z0-9] plus non-leading '-')", nameof(name));
        var system = new ActorSystemImpl(name, config ?? Config.Empty);
        system.Start();
        return system;
    }

    public abstract IActorRef ActorOf(Props props, string name = null);
    public abstract ActorSelection ActorSelection(ActorPath actorPath);
    public abstract ActorSelection ActorSelection(string actorPath);
    public abstract void Stop(IActorRef actor);
    public abstract void RegisterOnTermination(Action code);

    /// <summary>Runs the coordinated shutdown: leaves the cluster, then stops every actor.</summary>
    public abstract Task Terminate();

    public void Dispose()
    {
        // Blocks, as a caller of Dispose expects.
        Terminate().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }
}

/// <summary>A system as its extensions see it.</summary>
public abstract class ExtendedActorSystem : ActorSystem
{
    private protected ExtendedActorSystem() { }

    public abstract IActorRef SystemActorOf(Props props, string name = null);
}
