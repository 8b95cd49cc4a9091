using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>A living worker that the coordinator has given to a job.</summary>
/// <param name="Id">Unique name, stable over restarts of the process.</param>
/// <param name="Incarnation">New at each start of the process: a worker that restarted holds nothing.</param>
/// <param name="CollectiveAddress">http://host:port of its gRPC Collective.</param>
/// <param name="Draining">It wants to leave: it takes no new work, and goes once others hold what it holds.</param>
/// <param name="Claim">What it said at its last registration that it holds of this job; null: nothing.</param>
public sealed record PoolWorker(string Id, string Incarnation, string CollectiveAddress, bool Draining = false, WorkerClaim? Claim = null)
{
    /// <summary>
    /// Not 0: the queue asks it back for another job; by this number the job says that it has let it go. It is <see cref="Draining"/>
    /// then: it takes no new work of the job.
    /// </summary>
    public long Reclaim { get; init; }

    /// <summary>How it computes.</summary>
    public Arithmetic Arithmetic { get; init; } = new();
}

/// <summary>What a worker holds of a job.</summary>
/// <param name="Generation">The newest generation that it heard of.</param>
/// <param name="HasState">Weights and optimizer state are in memory.</param>
/// <param name="CompletedStep">Newest step whose update is applied.</param>
/// <param name="Training">It trains in that generation; else it waits for one.</param>
/// <param name="Ready">Dataset and model are in memory: it holds nobody up when it is called.</param>
public sealed record WorkerClaim(long Generation, bool HasState, long CompletedStep, bool Training, bool Ready = false);
