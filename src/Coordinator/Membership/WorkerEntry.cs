using Akka.Actor;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>What the coordinator knows of a worker. Used by one actor only.</summary>
internal sealed class WorkerEntry(RegisterWorker registration, IActorRef actor, DateTimeOffset now)
{
    public RegisterWorker Registration { get; set; } = registration;

    /// <summary>When this process registered first.</summary>
    public DateTimeOffset Registered { get; } = now;

    public IActorRef Actor { get; set; } = actor;

    public DateTimeOffset LastSeen { get; set; } = now;

    /// <summary>False when the cluster or death watch says so; a registration makes it true again.</summary>
    public bool Reachable { get; set; } = true;

    /// <summary>True: some member of the cluster says that it cannot reach this one.</summary>
    public bool Accused { get; set; }

    public bool Draining { get; set; }

    /// <summary>The job that it is given to; empty: none.</summary>
    public string JobId { get; set; } = "";

    /// <summary>Greatest number among its reports that was handed on.</summary>
    public long Forwarded { get; set; } = registration.FirstReport - 1;

    /// <summary>Greatest number among its reports that is stored.</summary>
    public long Stored { get; set; } = registration.FirstReport - 1;

    public string Id => Registration.WorkerId;

    public PoolWorker ToPool(string jobId) =>
        new(
            Id,
            Registration.Incarnation,
            Registration.CollectiveAddress,
            Draining,
            Registration.Running is { } running && running.JobId == jobId
                ? new WorkerClaim(running.Generation, running.HasState, running.CompletedStep, running.Training, running.Ready)
                : null
        )
        {
            Arithmetic = Registration.Arithmetic,
        };
}
