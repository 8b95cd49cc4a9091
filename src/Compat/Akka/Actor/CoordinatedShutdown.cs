namespace Akka.Actor;

/// <summary>
/// Ends a system in order: tasks of the application and the library, phase after phase, each phase with a time limit;
/// in a cluster this leaves it first. It runs once, whoever asks first.
/// </summary>
public sealed class CoordinatedShutdown : IExtension
{
    public const string PhaseBeforeServiceUnbind = "before-service-unbind";
    public const string PhaseServiceUnbind = "service-unbind";
    public const string PhaseServiceRequestsDone = "service-requests-done";
    public const string PhaseServiceStop = "service-stop";
    public const string PhaseBeforeClusterShutdown = "before-cluster-shutdown";
    public const string PhaseClusterShardingShutdownRegion = "cluster-sharding-shutdown-region";
    public const string PhaseClusterLeave = "cluster-leave";
    public const string PhaseClusterExiting = "cluster-exiting";
    public const string PhaseClusterExitingDone = "cluster-exiting-done";
    public const string PhaseClusterShutdown = "cluster-shutdown";
    public const string PhaseBeforeActorSystemTerminate = "before-actor-system-terminate";
    public const string PhaseActorSystemTerminate = "actor-system-terminate";

    private static readonly string[] Phases =
    [
        PhaseBeforeServiceUnbind, PhaseServiceUnbind, PhaseServiceRequestsDone, PhaseServiceStop, PhaseBeforeClusterShutdown,
        PhaseClusterShardingShutdownRegion, PhaseClusterLeave, PhaseClusterExiting, PhaseClusterExitingDone, PhaseClusterShutdown,
        PhaseBeforeActorSystemTerminate, PhaseActorSystemTerminate,
    ];

    private readonly ActorSystemImpl _system;
    private readonly Lock _gate = new();
    private readonly List<(string Phase, string Name, Func<Task<Done>> Task)> _tasks = [];
    private Task<Done> _run;

    private CoordinatedShutdown(ActorSystemImpl system)
    {
        _system = system;
        var config = system.Settings.Config.GetConfig("akka.coordinated-shutdown");
        if (config.GetBoolean("terminate-actor-system"))
        {
            AddTask(PhaseActorSystemTerminate, "terminate-system", async () =>
            {
                await system.FinalTerminate().ConfigureAwait(false);
                if (config.GetBoolean("exit-clr")) Environment.Exit(0);
                return Done.Instance;
            });
        }
        if (!config.GetBoolean("run-by-clr-shutdown-hook")) return;
        EventHandler hook = (_, _) => RunWithin(ClrExitReason.Instance, TotalTimeout);
        AppDomain.CurrentDomain.ProcessExit += hook;
        system.RegisterOnTermination(() => AppDomain.CurrentDomain.ProcessExit -= hook);
    }

    public ExtendedActorSystem System => _system;

    /// <summary>Why it runs, once it does.</summary>
    public Reason ShutdownReason { get; private set; }

    public TimeSpan TotalTimeout => Phases.Aggregate(TimeSpan.Zero, (sum, phase) => sum + Timeout(phase));

    public static CoordinatedShutdown Get(ActorSystem sys) => ((ActorSystemImpl)sys).Extension(system => new CoordinatedShutdown(system));

    public TimeSpan Timeout(string phase)
    {
        Check(phase);
        var config = _system.Settings.Config;
        // As in the reference configuration: these phases may take longer than the others.
        TimeSpan? known = phase is PhaseClusterExiting or PhaseActorSystemTerminate or PhaseClusterShardingShutdownRegion ? TimeSpan.FromSeconds(10) : null;
        return config.GetTimeSpan($"akka.coordinated-shutdown.phases.{phase}.timeout", known ?? config.GetTimeSpan("akka.coordinated-shutdown.default-phase-timeout"));
    }

    /// <summary>Adds a task to a phase; the tasks of one phase run beside one another.</summary>
    public void AddTask(string phase, string taskName, Func<Task<Done>> task)
    {
        Check(phase);
        ArgumentException.ThrowIfNullOrEmpty(taskName);
        lock (_gate) _tasks.Add((phase, taskName, task));
    }

    public Task<Done> Run(Reason reason, string fromPhase = null)
    {
        if (fromPhase is not null) Check(fromPhase);
        var started = new TaskCompletionSource();
        Task<Done> run;
        lock (_gate)
        {
            if (_run is not null) return _run;
            ShutdownReason = reason;
            _run = run = RunPhases(started.Task, fromPhase);
        }
        started.SetResult();
        return run;
    }

    private async Task<Done> RunPhases(Task start, string fromPhase)
    {
        await start.ConfigureAwait(false);
        foreach (var phase in Phases.Skip(fromPhase is null ? 0 : Array.IndexOf(Phases, fromPhase)))
        {
            Func<Task<Done>>[] tasks;
            lock (_gate) tasks = [.. _tasks.Where(t => t.Phase == phase).Select(t => Guarded(t.Phase, t.Name, t.Task))];
            if (tasks.Length > 0) await Task.WhenAll(tasks.Select(t => t())).ConfigureAwait(false);
        }
        return Done.Instance;
    }

    /// <summary>A task that neither fails nor takes longer than its phase may.</summary>
    private Func<Task<Done>> Guarded(string phase, string name, Func<Task<Done>> task) => async () =>
    {
        try
        {
            return await task().WaitAsync(Timeout(phase), _system.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Event.LoggingExtensions.Warning(_system.Log, $"Coordinated shutdown phase [{phase}]: task [{name}] did not end within {Timeout(phase).TotalSeconds} s.");
        }
        catch (Exception e)
        {
            Event.LoggingExtensions.Warning(_system.Log, e, $"Coordinated shutdown phase [{phase}]: task [{name}] failed: {e.Message}");
        }
        return Done.Instance;
    };

    private void RunWithin(Reason reason, TimeSpan limit)
    {
        // The process ends when this handler returns, so it has to block.
        try
        {
            Run(reason).WaitAsync(limit, _system.Time).GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            Console.Error.WriteLine($"Actor system {_system.Name} did not end within {limit.TotalSeconds} s.");
        }
    }

    private static void Check(string phase)
    {
        if (!Phases.Contains(phase)) throw new ArgumentException($"Unknown phase [{phase}], known phases [{string.Join(", ", Phases)}].", nameof(phase));
    }

    /// <summary>Why a shutdown runs.</summary>
    public class Reason
    {
        protected Reason() { }
    }

    /// <summary>Nothing is known of why.</summary>
    public class UnknownReason : Reason
    {
        public static readonly Reason Instance = new UnknownReason();
    }

    /// <summary><see cref="ActorSystem.Terminate"/> was called.</summary>
    public class ActorSystemTerminateReason : Reason
    {
        public static readonly Reason Instance = new ActorSystemTerminateReason();
    }

    /// <summary>The process ends.</summary>
    public class ClrExitReason : Reason
    {
        public static readonly Reason Instance = new ClrExitReason();
    }

    /// <summary>The node was downed.</summary>
    public class ClusterDowningReason : Reason
    {
        public static readonly Reason Instance = new ClusterDowningReason();
    }

    /// <summary>The node left.</summary>
    public class ClusterLeavingReason : Reason
    {
        public static readonly Reason Instance = new ClusterLeavingReason();
    }

    /// <summary>No seed node let it in.</summary>
    public class ClusterJoinUnsuccessfulReason : Reason
    {
        public static readonly Reason Instance = new ClusterJoinUnsuccessfulReason();
    }
}
