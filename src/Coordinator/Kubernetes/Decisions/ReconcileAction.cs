using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>One thing to be done for a TrainingJob. Each may be done twice: the second time changes nothing.</summary>
internal abstract record ReconcileAction
{
    private ReconcileAction() { }

    /// <summary>Our finalizer comes to the object: nothing is made for an object that may go unseen.</summary>
    public sealed record AddFinalizer : ReconcileAction;

    /// <summary>Nothing of ours is left: the object may go.</summary>
    public sealed record RemoveFinalizer : ReconcileAction;

    /// <summary>A dataset is to be made of the text, or looked for.</summary>
    public sealed record PrepareData : ReconcileAction;

    /// <summary>The job is to be made; its request id is the object's uid.</summary>
    public sealed record CreateJob(JobSpec Spec) : ReconcileAction;

    /// <summary>The job gives its workers back and keeps its state.</summary>
    public sealed record SuspendJob(string JobId) : ReconcileAction;

    /// <summary>The job goes on.</summary>
    public sealed record ResumeJob(string JobId) : ReconcileAction;

    /// <summary>Settings that may change while a job lives are changed.</summary>
    public sealed record UpdateJob(string JobId, JobSpec Spec, IReadOnlyList<string> Paths) : ReconcileAction;

    /// <summary>The job ends.</summary>
    public sealed record CancelJob(string JobId, string Why) : ReconcileAction;

    /// <summary>The ended job goes, and its files.</summary>
    public sealed record DeleteJob(string JobId) : ReconcileAction;

    /// <summary>The object goes: its time to be kept is over.</summary>
    public sealed record DeleteObject : ReconcileAction;

    /// <summary>Kubernetes is told of something that happened.</summary>
    public sealed record Announce(Announcement What) : ReconcileAction;

    /// <summary>The object's status is to be this.</summary>
    public sealed record WriteStatus(TrainingJobStatus Status) : ReconcileAction;
}

/// <summary>What is to be done, and why.</summary>
/// <param name="Actions">In this order; the first that fails ends it, and all is decided anew.</param>
/// <param name="Reason">For people.</param>
internal sealed record Reconciliation(IReadOnlyList<ReconcileAction> Actions, string Reason);

/// <summary>Something that happened, as Kubernetes tells it: <c>kubectl describe</c> shows it.</summary>
/// <param name="Id">The same thing has the same one, whoever tells it.</param>
/// <param name="IsWarning">Somebody may want to look.</param>
/// <param name="Reason">In one word.</param>
/// <param name="Message">For people.</param>
/// <param name="Time">When it happened.</param>
internal sealed record Announcement(string Id, bool IsWarning, string Reason, string Message, DateTimeOffset Time);
