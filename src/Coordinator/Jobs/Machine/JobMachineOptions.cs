using TrainingCluster.Settings;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>The times that a job's state machine waits.</summary>
public sealed record JobMachineOptions
{
    /// <summary>The job store that the jobs are in, and whose this one is.</summary>
    public JobOrigin Origin { get; init; } = new();

    /// <summary>What tokens of generations are made from: random, new with each start of the coordinator.</summary>
    public ReadOnlyMemory<byte> TokenKey { get; init; }

    /// <summary>
    /// Within this a living worker acknowledges a rendezvous, whatever its training thread does; who does not is
    /// left out. The call is repeated once at half of it. One that was left out has twice as long
    /// the next time, up to <see cref="BackOffLimit"/>.
    /// </summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan AcknowledgeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same for one whom its peers suspect, because their connection to it broke.</summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan SuspectTimeout { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// Within this a member that trained before ends its step and says what it holds: longer than any one micro-batch.
    /// </summary>
    [DurationRange("1 s", "24 h")]
    public TimeSpan PrepareTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Within this a worker that is new to the job has downloaded the dataset and built the model.</summary>
    [DurationRange("1 s", "24 h")]
    public TimeSpan NewcomerTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Within this all members have the dataset and the state and are connected: long enough for a large dataset on a slow
    /// link. A death meanwhile is found long before.
    /// </summary>
    [DurationRange("1 s", "24 h")]
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// After this the plan is sent once more to those who, by their registrations, do not work on it: two registrations by default.
    /// </summary>
    [DurationRange("100 ms", "10 min")]
    public TimeSpan PlanRepeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A generation that is silent for so long is given up: longer than an evaluation. Deaths are found long before, by the
    /// cluster and by the members themselves; this catches what neither sees.
    /// </summary>
    [DurationRange("1 s", "24 h")]
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a running job waits for further newcomers after the last one came, or for others to be ready after the last one
    /// was: meanwhile they prepare.
    /// </summary>
    [DurationRange("0 s", "10 min")]
    public TimeSpan JoinDebounce { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A planned change is called for a step that lies this far ahead, so that every member hears of it before: no step is
    /// broken off. It is at least one step.
    /// </summary>
    [DurationRange("0 s", "1 min")]
    public TimeSpan RendezvousAhead { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// A member that drains has little time: where the boundary of a step is further away than this, the step is broken off.
    /// </summary>
    [DurationRange("0 s", "10 min")]
    public TimeSpan DrainBoundary { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Within this the last worker of a job stores its state before it goes; its own grace period ends it sooner as a rule.
    /// </summary>
    [DurationRange("1 s", "1 h")]
    public TimeSpan LeaveTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>When shards are shared out anew because of measured speeds.</summary>
    public RebalanceOptions Rebalance { get; init; } = new();

    /// <summary>
    /// How long a coordinator that came back waits for the members of the last generation: meanwhile they train on.
    /// </summary>
    [DurationRange("1 s", "1 h")]
    public TimeSpan RecoverTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same where one of them has said that it does not train any more: longer than a registration.</summary>
    [DurationRange("0 s", "1 h")]
    public TimeSpan RecoverDebounce { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the coordinator waits for the other members once the model is stored.</summary>
    [DurationRange("0 s", "1 h")]
    public TimeSpan CompletionGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Back-off before the second retry in a row; it doubles with each further one up to <see cref="BackOffLimit"/>.
    /// The first retry comes at once: most failures are a worker that died.
    /// </summary>
    [DurationRange("10 ms", "10 min")]
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest back-off.</summary>
    [DurationRange("10 ms", "1 h")]
    public TimeSpan BackOffLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a worker is left out after it failed to prepare or start; doubles with each failure in a row up to
    /// <see cref="BackOffLimit"/>.
    /// </summary>
    [DurationRange("10 ms", "1 h")]
    public TimeSpan LeaveOut { get; init; } = TimeSpan.FromSeconds(2);
}
