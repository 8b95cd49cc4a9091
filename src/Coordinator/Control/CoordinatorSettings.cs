using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Settings;

namespace TrainingCluster.Coordinator.Control;

/// <summary>How the coordinator judges its workers.</summary>
public sealed record CoordinatorSettings
{
    /// <summary>New at each start of the process.</summary>
    public required string Incarnation { get; init; }

    /// <summary>http://host:port of the gRPC services, as workers reach them.</summary>
    public required string GrpcAddress { get; init; }

    /// <summary>
    /// A worker that has not registered for so long is taken for dead, whatever the cluster says: five registrations by default.
    /// </summary>
    [DurationRange("3 s", "10 min")]
    public TimeSpan RegistrationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The same for one that some member cannot reach: more than a registration, and less than it takes until a member is called
    /// unreachable, so that one that hangs is not given any longer.
    /// </summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan AccusedTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// An unreachable member is removed from the cluster after this: while it is in it, newcomers are let in as weakly up only.
    /// </summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A dead worker is shown for so long.</summary>
    [DurationRange("1 s", "24 h")]
    public TimeSpan ForgetAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The metrics tell for so long of a worker that was lost without taking leave, unless one of its name comes back.</summary>
    [DurationRange("1 s", "240 h")]
    public TimeSpan MissedFor { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Progress of a running job is stored, and shown to its watchers, this often.</summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often it is judged who is alive and who works for whom, beside every event that may change it.</summary>
    [DurationRange("10 ms", "1 min")]
    public TimeSpan TickInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the machine of a member whose connection broke is asked whether its process still listens.</summary>
    [DurationRange("10 ms", "1 min")]
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The pause before it is asked a second time; it doubles with each time.</summary>
    [DurationRange("1 ms", "10 s")]
    public TimeSpan ProbePause { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>What could not be stored is tried again after this: a full disk, say. Training goes on meanwhile.</summary>
    [DurationRange("10 ms", "10 min")]
    public TimeSpan StoreRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How the queue shares the workers out.</summary>
    public QueueOptions Queue { get; init; } = new();

    /// <summary>The times of the jobs' state machines.</summary>
    public JobMachineOptions Machine { get; init; } = new();
}
