namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>The times that a job's state machine waits.</summary>
public sealed record JobMachineOptions
{
    /// <summary>
    /// Within this a living worker acknowledges a rendezvous, whatever its training thread does; who does not is
    /// left out. Default 1 s; at least 100 ms. The call is repeated once at half of it. One that was left out has twice as long
    /// the next time, up to <see cref="BackOffLimit"/>.
    /// </summary>
    public TimeSpan AcknowledgeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same for one whom its peers suspect, because their connection to it broke. Default 400 ms.</summary>
    public TimeSpan SuspectTimeout { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// Within this a member that trained before ends its step and says what it holds. Default 30 s: longer than any one
    /// micro-batch.
    /// </summary>
    public TimeSpan PrepareTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Within this a worker that is new to the job has downloaded the dataset and built the model. Default 10 min.</summary>
    public TimeSpan NewcomerTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Within this all members have the dataset and the state and are connected. Default 10 min: a large dataset on a slow
    /// link. A death meanwhile is found long before.
    /// </summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// After this the plan is sent once more to those who, by their registrations, do not work on it. Default 5 s: two registrations.
    /// </summary>
    public TimeSpan PlanRepeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A generation that is silent for so long is given up. Default 10 min: longer than an evaluation. Deaths are found long
    /// before, by the cluster and by the members themselves; this catches what neither sees.
    /// </summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a running job waits for further newcomers after the last one came, or for others to be ready after the last one
    /// was. Default 1 s: meanwhile they prepare.
    /// </summary>
    public TimeSpan JoinDebounce { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A planned change is called for a step that lies this far ahead, so that every member hears of it before: no step is
    /// broken off. Default 250 ms; at least one step.
    /// </summary>
    public TimeSpan RendezvousAhead { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// A member that drains has little time: where the boundary of a step is further away than this, the step is broken off.
    /// Default 3 s.
    /// </summary>
    public TimeSpan DrainBoundary { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Within this the last worker of a job stores its state before it goes. Default 1 min; its own grace period ends it sooner
    /// as a rule.
    /// </summary>
    public TimeSpan LeaveTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>When shards are shared out anew because of measured speeds.</summary>
    public RebalanceOptions Rebalance { get; init; } = new();

    /// <summary>
    /// How long a coordinator that came back waits for the members of the last generation. Default 30 s: meanwhile they train on.
    /// </summary>
    public TimeSpan RecoverTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The same where one of them has said that it does not train any more. Default 3 s: longer than a registration.</summary>
    public TimeSpan RecoverDebounce { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the coordinator waits for the other members once the model is stored. Default 5 s.</summary>
    public TimeSpan CompletionGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Back-off before the second retry in a row; it doubles with each further one up to <see cref="BackOffLimit"/>.
    /// The first retry comes at once: most failures are a worker that died. Default 500 ms.
    /// </summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest back-off. Default 30 s.</summary>
    public TimeSpan BackOffLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a worker is left out after it failed to prepare or start; doubles with each failure in a row up to
    /// <see cref="BackOffLimit"/>. Default 2 s.
    /// </summary>
    public TimeSpan LeaveOut { get; init; } = TimeSpan.FromSeconds(2);
}
