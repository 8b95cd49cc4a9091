using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>The part of a job's state that a restart of the coordinator must find again.</summary>
/// <param name="Phase">Where the job stands.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="Generation">Greatest generation number ever used: durable before a worker hears it, so numbers never go back.</param>
/// <param name="Plan">The last generation that was started: by it a coordinator that came back knows its members.</param>
/// <param name="Started">When the first generation was called together.</param>
/// <param name="Ended">When the job ended.</param>
/// <param name="WeightsSha256">The result's; empty unless succeeded.</param>
/// <param name="Active">How long it has been active: deadlineSeconds counts by it.</param>
/// <param name="Arithmetic">How the workers compute that its generations are made of; null: none was called yet.</param>
/// <param name="Queued">Since when it has waited in the queue; null: it does not wait, or a program before the queue stored it.</param>
/// <param name="PreemptedFor">It waits because it was preempted, and for whom; empty: it was not.</param>
public sealed record JobRecord(
    JobPhase Phase,
    string Reason,
    long Generation,
    StartGeneration? Plan,
    DateTimeOffset? Started,
    DateTimeOffset? Ended,
    string WeightsSha256,
    ActiveTime Active,
    Arithmetic? Arithmetic = null,
    DateTimeOffset? Queued = null,
    string PreemptedFor = ""
);
