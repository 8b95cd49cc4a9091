using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>All that is known of one TrainingJob when it is decided what to do.</summary>
/// <param name="Item">The object.</param>
/// <param name="Spec">What its specification says.</param>
/// <param name="Job">The job that it stands for; null: there is none.</param>
internal sealed record Observed(TrainingJob Item, TrainingJobSpec Spec, StoredJob? Job)
{
    /// <summary>Where the text of a job that is to be made stands.</summary>
    public DataState Data { get; init; } = DataState.Unknown;

    /// <summary>Events of the job after the last that Kubernetes was told, oldest first.</summary>
    public IReadOnlyList<JobEvent> Events { get; init; } = [];

    /// <summary>Why the job could not be made at the last try; empty: it was not tried, or came about.</summary>
    public string Refusal { get; init; } = "";

    /// <summary>The refusal will not go away by itself: the object is wrong.</summary>
    public bool RefusedForGood { get; init; }

    /// <summary>Since when this process carries objects out.</summary>
    public DateTimeOffset LeadsSince { get; init; }

    /// <summary>When its status was written last by this process; null: not yet.</summary>
    public DateTimeOffset? StatusWritten { get; init; }
}

/// <summary>Where the text of a job stands.</summary>
/// <param name="Kind">Which of the four.</param>
/// <param name="Fingerprint">Of the dataset that is there.</param>
/// <param name="Problem">Why there is none.</param>
internal sealed record DataState(DataStateKind Kind, string Fingerprint = "", string Problem = "")
{
    /// <summary>Nobody has looked yet.</summary>
    public static DataState Unknown { get; } = new(DataStateKind.Unknown);
}

/// <summary>Where the text of a job stands.</summary>
internal enum DataStateKind
{
    /// <summary>Nobody has looked yet.</summary>
    Unknown,

    /// <summary>A dataset is being made of it.</summary>
    Preparing,

    /// <summary>The coordinator holds the dataset.</summary>
    Ready,

    /// <summary>The text cannot be used, or is not there.</summary>
    Failed,
}
