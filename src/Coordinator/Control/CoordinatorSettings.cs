using TrainingCluster.Coordinator.Jobs.Machine;

namespace TrainingCluster.Coordinator.Control;

/// <summary>How the coordinator judges its workers.</summary>
public sealed record CoordinatorSettings
{
    /// <summary>New at each start of the process.</summary>
    public required string Incarnation { get; init; }

    /// <summary>http://host:port of the gRPC services, as workers reach them.</summary>
    public required string GrpcAddress { get; init; }

    /// <summary>
    /// A worker that has not registered for so long is taken for dead, whatever the cluster says. Default 10 s: five registrations.
    /// </summary>
    public TimeSpan RegistrationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The same for one that some member cannot reach. Default 3 s: more than a registration, and less than it takes until a
    /// member is called unreachable, so that one that hangs is not given any longer.
    /// </summary>
    public TimeSpan AccusedTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// An unreachable member is removed from the cluster after this: while it is in it, newcomers are let in as weakly up only. Default 5
    /// s.
    /// </summary>
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A dead worker is shown for so long. Default 1 min.</summary>
    public TimeSpan ForgetAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Progress of a running job is stored, and shown to its watchers, this often. Default 1 s.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The times of the jobs' state machines.</summary>
    public JobMachineOptions Machine { get; init; } = new();
}
