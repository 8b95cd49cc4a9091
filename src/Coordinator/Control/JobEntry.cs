using System.Collections.Immutable;
using Akka.Actor;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Logging;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

/// <summary>What the coordinator knows of a job that has not ended. Used by one actor only.</summary>
internal sealed class JobEntry(StoredJob job, IActorRef actor)
{
    public string Id => job.Id;

    /// <summary>The order of submission.</summary>
    public long Number => job.Number;

    public string Namespace => job.Namespace;

    /// <summary>As it is to be run from now on.</summary>
    public JobSpec Spec { get; set; } = job.Spec;

    public IActorRef Actor => actor;

    public JobPhase Phase { get; set; }

    /// <summary>It has trained before.</summary>
    public bool Started { get; set; }

    /// <summary>Since when it waits, or waited last.</summary>
    public DateTimeOffset Queued { get; set; }

    /// <summary>It waits because it was preempted.</summary>
    public bool Preempted { get; set; }

    /// <summary>For whom it is being preempted, until it waits; empty: it is not.</summary>
    public string YieldsTo { get; set; } = "";

    /// <summary>Workers that must not go: members of its generation, holders of its state.</summary>
    public ImmutableHashSet<string> Members { get; private set; } = [];

    /// <summary>How its workers must compute; null: any way.</summary>
    public Arithmetic? Arithmetic { get; set; }

    /// <summary>What the queue decided last; null: it wants no workers.</summary>
    public Assignment? Assignment { get; set; }

    /// <summary>What its actor was told last.</summary>
    public PoolChanged Pool { get; set; } = new([]);

    /// <summary>A logger whose lines name the job's trace.</summary>
    public ILogger Logger(ILogger inner) => ScopedLogger.OfJob(inner, Id, TraceParent.TraceIdOf(job.TraceParent));

    /// <summary>Notes where it stands.</summary>
    public void Note(JobStatus status)
    {
        (Phase, Started, Members, Arithmetic, Preempted) = (
            status.Phase,
            status.Started,
            status.Members,
            status.Arithmetic,
            status.Preempted
        );
        Queued = status.Queued ?? Queued;
        if (Phase == JobPhase.Waiting)
        {
            YieldsTo = "";
        }
    }

    /// <summary>What the queue needs to know of it.</summary>
    public JobDemand ToDemand() =>
        new()
        {
            Id = Id,
            Number = Number,
            Namespace = Namespace,
            Priority = Spec.Priority,
            Min = Spec.Workers.Min,
            Max = Spec.Workers.Max,
            Waits = Phase == JobPhase.Waiting,
            Since = Queued,
            Started = Started,
            Preempted = Preempted,
            YieldsTo = YieldsTo,
            Arithmetic = Arithmetic,
        };
}
