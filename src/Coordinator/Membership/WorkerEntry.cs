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

    /// <summary>Why it is lost, and the job that it then had; null: it is not lost.</summary>
    public (string JobId, string Why)? Lost { get; set; }

    /// <summary>True: some member of the cluster says that it cannot reach this one.</summary>
    public bool Accused { get; set; }

    public bool Draining { get; set; }

    /// <summary>The job that it is given to; empty: none.</summary>
    public string JobId { get; private set; } = "";

    /// <summary>Not 0: its job was asked to give it back; the job says by this number that it has let it go.</summary>
    public long Reclaim { get; private set; }

    /// <summary>For whom its job was asked to give it back, as people read it; empty: it was not.</summary>
    public string GoesTo { get; private set; } = "";

    /// <summary>The job that gave it back: that it still holds its state in memory does not make it that job's again.</summary>
    public string GivenBackBy { get; private set; } = "";

    /// <summary>Greatest number among its reports that was handed on.</summary>
    public long Forwarded { get; set; } = registration.FirstReport - 1;

    /// <summary>Greatest number among its reports that is stored.</summary>
    public long Stored { get; set; } = registration.FirstReport - 1;

    public string Id => Registration.WorkerId;

    /// <summary>It belongs to a job, or to none.</summary>
    public void Give(string jobId)
    {
        if (jobId != JobId)
        {
            (Reclaim, GoesTo) = (0, "");
        }
        JobId = jobId;
        if (jobId == GivenBackBy)
        {
            GivenBackBy = "";
        }
    }

    /// <summary>Its job is asked to give it back.</summary>
    public void AskBack(long number, string forWhom) => (Reclaim, GoesTo) = (number, forWhom);

    /// <summary>Its job has let it go.</summary>
    public void Release()
    {
        GivenBackBy = JobId;
        (JobId, Reclaim, GoesTo) = ("", 0, "");
    }

    public PoolWorker ToPool(string jobId) =>
        new(
            Id,
            Registration.Incarnation,
            Registration.CollectiveAddress,
            Draining || Reclaim > 0,
            Registration.Running is { } running && running.JobId == jobId
                ? new WorkerClaim(running.Generation, running.HasState, running.CompletedStep, running.Training, running.Ready)
                : null
        )
        {
            Arithmetic = Registration.Arithmetic,
            Reclaim = Reclaim,
        };
}
