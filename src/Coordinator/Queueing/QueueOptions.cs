using TrainingCluster.Settings;

namespace TrainingCluster.Coordinator.Queueing;

/// <summary>How the queue shares the workers out.</summary>
public sealed record QueueOptions
{
    /// <summary>
    /// How long jobs that were submitted later may run in front of a job that waits. After this it preempts those that it needs, unless
    /// their priority is higher.
    /// </summary>
    [DurationRange("0 s", "8760 h")]
    public TimeSpan BackfillLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Most workers of a namespace, over all its jobs: <c>research=8,*=4</c>; <c>*</c> stands for every namespace that is not named.
    /// </summary>
    [NamespaceNumberRange(0, 1_000_000)]
    public NamespaceNumbers WorkerQuotas { get; init; } = NamespaceNumbers.None;

    /// <summary>
    /// The fair share of a namespace: one with 2 gets twice as many workers as one with 1, where both have jobs that want them. A
    /// namespace without a number has 1.
    /// </summary>
    [NamespaceNumberRange(1, 1000)]
    public NamespaceNumbers Shares { get; init; } = NamespaceNumbers.None;

    /// <summary>
    /// The greatest <c>priority</c> that a job of a namespace may have; a job with more is refused. A namespace without a number has no
    /// limit.
    /// </summary>
    [NamespaceNumberRange(-1000, 1000)]
    public NamespaceNumbers PriorityLimits { get; init; } = NamespaceNumbers.None;
}
