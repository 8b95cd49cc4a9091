using TrainingCluster.Coordinator.Planning;
using TrainingCluster.Settings;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>When shards are shared out anew because members are slower or faster than the present plan has them.</summary>
public sealed record RebalanceOptions
{
    /// <summary>
    /// The part of a step's time that the new plan must save, by measurement. Default 0.25; above 0, 1 or more: never. Since a
    /// change back must save as much again, speeds that waver do not make plans waver.
    /// </summary>
    public double Gain { get; init; } = 0.25;

    /// <summary>A better plan must have been better for so long without a break.</summary>
    [DurationRange("0 s", "1 h")]
    public TimeSpan Sustain { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time from the start of a generation, whatever its cause, before shards are shared out anew.</summary>
    [DurationRange("0 s", "24 h")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What the steps that are left must gain in all: less does not pay for the change.</summary>
    [DurationRange("0 s", "1 h")]
    public TimeSpan Least { get; init; } = TimeSpan.FromSeconds(3);
}

/// <summary>Whether to share the shards out anew.</summary>
/// <param name="Rebalance">Do it now.</param>
/// <param name="BetterSince">Since when another plan has been better; null: it is not.</param>
/// <param name="Reason">For people.</param>
public sealed record RebalanceDecision(bool Rebalance, DateTimeOffset? BetterSince, string Reason);

/// <summary>Decides by measured speed whether another share of the shards is worth a new generation: a pure function.</summary>
public static class Rebalance
{
    /// <summary>The decision for a job at a moment.</summary>
    public static RebalanceDecision Decide(JobMachineState state, DateTimeOffset now, RebalanceOptions options)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(options);
        if (state is not { Phase: JobPhase.Running, Plan: { } plan, Current.AllStartedAt: { } started } || plan.Members.Count < 2)
        {
            return No("there is no plan to improve");
        }
        // A change is under way that will plan by speed anyway.
        if (!state.Current.Newcomers.IsEmpty || state.Current.ModelStoredAt is not null || state.Pool.Values.Any(w => w.Draining))
        {
            return No("another change is under way");
        }
        if (plan.Members.FirstOrDefault(m => !state.Speeds.ContainsKey(m.WorkerId)) is { } unmeasured)
        {
            return No($"the speed of {unmeasured.WorkerId} is not known yet");
        }

        var shards = plan.Members.Sum(m => m.ShardCount);
        var better = ShardPlanner.Plan(shards, [.. plan.Members.Select(m => new ShardCandidate(m.WorkerId, state.Speeds[m.WorkerId]))]);
        var old = plan.Members.Max(m => m.ShardCount / state.Speeds[m.WorkerId]);
        var next = better.Ranges.Max(r => r.ShardCount / state.Speeds[r.WorkerId]);
        var saved = old - next;
        // The exchange and the update take as long as before: the gain is a part of the whole step. The smoothed step lags behind
        // a worker that has just become slow.
        if (saved < options.Gain * Math.Max(old, state.Progress.StepSeconds))
        {
            return No($"the plan is good: {old:0.###} s of computing a step, {next:0.###} s at best");
        }
        if ((state.Progress.TotalSteps - state.Progress.Step) * saved < options.Least.TotalSeconds)
        {
            return No("the steps that are left do not pay for a change");
        }

        var since = state.Current.BetterSince ?? now;
        var reason = $"{old:0.###} s of computing a step become {next:0.###} s: {better.Reason}";
        return new(since + options.Sustain <= now && started + options.Interval <= now, since, reason);
    }

    private static RebalanceDecision No(string reason) => new(false, null, reason);
}
