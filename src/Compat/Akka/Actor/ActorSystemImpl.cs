using System.Collections.Concurrent;
using System.Security.Cryptography;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote;

namespace Akka.Actor;

/// <summary>The one kind of actor system there is.</summary>
internal sealed class ActorSystemImpl : ExtendedActorSystem
{
    private readonly TaskCompletionSource _terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<Type, Lazy<IExtension>> _extensions = new();
    private readonly ConcurrentStack<Action> _onTermination = new();
    private readonly TimerSchedulerService _scheduler;
    private readonly long _started;

    internal ActorSystemImpl(string name, Config config)
    {
        Name = name;
        Settings = new Settings(config);
        Time = TimeProvider.System;
        _started = Time.GetTimestamp();
        StartTime = Time.GetUtcNow().TimeOfDay;
        _scheduler = new TimerSchedulerService(Time);
        EventStream = new EventStream();
        EventStream.SetLogLevel(Logging.LogLevelFor(Settings.LogLevel));
        Log = Logging.GetLogger(this, "ActorSystem");
        Uid = RandomNumberGenerator.GetInt32(1, int.MaxValue);
        Refs = new RefTree(this);
    }

    public override string Name { get; }
    public override Settings Settings { get; }
    public override EventStream EventStream { get; }
    public override IActorRef DeadLetters => Refs.DeadLetters;
    public override IScheduler Scheduler => _scheduler;
    public override ILoggingAdapter Log { get; }
    public override Task WhenTerminated => _terminated.Task;
    public override TimeSpan Uptime => Time.GetElapsedTime(_started);

    internal TimeProvider Time { get; }

    /// <summary>Tells this incarnation from others at the same address.</summary>
    internal int Uid { get; }

    internal RefTree Refs { get; }

    /// <summary>Null without a network.</summary>
    internal RemoteTransport Remote { get; private set; }

    internal bool Terminating { get; private set; }

    /// <summary>The address by which others reach this system.</summary>
    internal Address DefaultAddress => Remote?.LocalAddress ?? Refs.LocalAddress;

    internal void Start()
    {
        var provider = Settings.Config.GetString("akka.actor.provider");
        var cluster = provider switch
        {
            "local" => false,
            "cluster" => true,
            "remote" => throw new NotSupportedException("'akka.actor.provider' remote is not there without a cluster; use cluster."),
            _ => throw new ConfigurationException($"'akka.actor.provider' is [{provider}], which is neither local nor cluster."),
        };
        Refs.Start();
        StartLoggers();
        if (cluster) Remote = RemoteTransport.Start(this);
        CoordinatedShutdown.Get(this);
        if (cluster) Akka.Cluster.Cluster.Get(this);
    }

    private void StartLoggers()
    {
        var config = Settings.Config;
        if (EventStream.LogLevel <= LogLevel.ErrorLevel)
        {
            foreach (var name in config.GetStringList("akka.loggers"))
            {
                var type = name.StartsWith("Akka.Event.DefaultLogger", StringComparison.Ordinal) ? typeof(DefaultLogger) : Type.GetType(name)
                    ?? throw new ConfigurationException($"Logger specified in config cannot be found: \"{name}\"");
                var logger = SystemActorOf(new Props(type), $"log{_onTermination.Count + NewUid()}-{type.Name}");
                logger.Tell(new InitializeLogger(EventStream), DeadLetters);
                foreach (var channel in new[] { typeof(Debug), typeof(Info), typeof(Warning), typeof(Error) }) EventStream.Subscribe(logger, channel);
            }
        }
        var letters = config.GetString("akka.log-dead-letters") switch
        {
            "on" => int.MaxValue,
            "off" => 0,
            _ => config.GetInt("akka.log-dead-letters"),
        };
        if (letters > 0) SystemActorOf(Props.Create<DeadLetterListener>(letters), "deadLetterListener");
    }

    internal static long NewUid() => RandomNumberGenerator.GetInt32(1, int.MaxValue);
    internal ActorPath NewTempPath() => Refs.NewTempPath();
    internal void RegisterTemp(InternalActorRef actor) => Refs.RegisterTemp(actor);
    internal void UnregisterTemp(InternalActorRef actor) => Refs.UnregisterTemp(actor);

    /// <summary>An extension, made on first use.</summary>
    internal T Extension<T>(Func<ActorSystemImpl, T> create) where T : class, IExtension =>
        (T)_extensions.GetOrAdd(typeof(T), _ => new Lazy<IExtension>(() => create(this))).Value;

    internal void PublishDeadLetter(object message, IActorRef sender, IActorRef recipient)
    {
        if (message is SelectionMessage selection) message = selection.Message;
        if (message is IDeadLetterSuppression) EventStream.Publish(new SuppressedDeadLetter(message, sender, recipient));
        // A log event without a logger must not make another.
        else if (message is not (LogEvent or DeadLetter)) EventStream.Publish(new DeadLetter(message, sender, recipient));
    }

    internal void PublishDeadLetter(DeadLetter letter) => EventStream.Publish(letter);

    public override IActorRef ActorOf(Props props, string name = null) => Refs.UserGuardian.Cell.ActorOf(props, name);

    public override IActorRef SystemActorOf(Props props, string name = null) => Refs.SystemGuardian.Cell.ActorOf(props, name);

    public override ActorSelection ActorSelection(ActorPath actorPath) => new(Refs.RootOf(actorPath.Address), actorPath.Elements);

    public override ActorSelection ActorSelection(string actorPath) => Select(Refs.Root, actorPath);

    internal ActorSelection Select(InternalActorRef relativeTo, string path)
    {
        if (ActorPath.TryParse(path, out var absolute)) return ActorSelection(absolute);
        return path.StartsWith('/') ? new ActorSelection(Refs.Root, path) : new ActorSelection(relativeTo, path);
    }

    public override void Stop(IActorRef actor)
    {
        if (actor is not InternalActorRef known) return;
        if (known is LocalActorRef { Parent: LocalActorRef parent }) parent.Cell.StopChild(known);
        else known.Stop();
    }

    public override void RegisterOnTermination(Action code) => _onTermination.Push(code);

    public override async Task Terminate()
    {
        if (Settings.Config.GetBoolean("akka.coordinated-shutdown.run-by-actor-system-terminate"))
            await CoordinatedShutdown.Get(this).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance).ConfigureAwait(false);
        await FinalTerminate().ConfigureAwait(false);
    }

    /// <summary>Stops every actor, the user's before the system's, then the network and the timers.</summary>
    internal Task FinalTerminate()
    {
        Terminating = true;
        Refs.UserGuardian.Stop();
        return WhenTerminated;
    }

    /// <summary>Called when the last guardian ended.</summary>
    internal async Task Finish()
    {
        if (Remote is not null) await Remote.DisposeAsync().ConfigureAwait(false);
        _scheduler.Dispose();
        foreach (var code in _onTermination)
        {
            try
            {
                code();
            }
            catch (Exception e)
            {
                await Console.Error.WriteLineAsync($"A termination callback of actor system {Name} failed: {e}").ConfigureAwait(false);
            }
        }
        _terminated.TrySetResult();
    }

    public override string ToString() => $"akka://{Name}";
}
