using TrainingCluster.V1;

namespace TrainingCluster.Chaos;

/// <summary>One fault, as it went.</summary>
/// <param name="Fault">What was planned.</param>
/// <param name="Proof">How it is known that it happened. Null: it is not known.</param>
/// <param name="RecoverySeconds">From the fault until the next whole step. Null: there was none in time.</param>
/// <param name="StandstillSeconds">The longest time without a step from the fault until it was over and undone.</param>
/// <param name="Problem">What was not as it must be. Null: all was.</param>
/// <param name="Way">Which of several ways to do this harm it was. Null: there is one.</param>
public sealed record RoundRun(
    PlannedFault Fault,
    string? Proof,
    double? RecoverySeconds,
    double StandstillSeconds,
    string? Problem,
    string? Way = null
)
{
    /// <summary>When it came.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Every reason for which this fault has failed the run. Empty: it has not.</summary>
    public IEnumerable<string> Failures()
    {
        var name = $"fault {Fault.Round} ({FaultCatalog.Word(Fault.Kind)})";
        if (Proof is null)
        {
            yield return $"{name}: nothing proves that it happened";
        }
        if (RecoverySeconds is null)
        {
            yield return $"{name}: no step within {ChaosContext.Timeout.TotalMinutes:F0} min";
        }
        if (Problem is not null)
        {
            yield return $"{name}: {Problem}";
        }
    }
}

/// <summary>All that a run has to show.</summary>
public sealed record ChaosReport
{
    /// <summary>The job that nothing happened to.</summary>
    public required JobRun Undisturbed { get; init; }

    /// <summary>The same job, again and again, while things broke.</summary>
    public required IReadOnlyList<JobRun> Jobs { get; init; }

    /// <summary>The faults.</summary>
    public required IReadOnlyList<RoundRun> Rounds { get; init; }

    /// <summary>How many faults there should have been.</summary>
    public required int PlannedRounds { get; init; }

    /// <summary>What else went wrong: processes that ended by themselves or never came back.</summary>
    public required IReadOnlyList<string> Surprises { get; init; }

    /// <summary>
    /// What is left of the undisturbed job's throughput (steps a second, from a job's submission to its stored model) while
    /// things break: 1 is all. Null: no job came to its end.
    /// </summary>
    public double? ThroughputKept =>
        Jobs.Where(job => job.State == JobState.Succeeded).ToList() is { Count: > 0 } ended && Undisturbed.Steps > 0
            ? ended.Sum(job => job.Steps) / ended.Sum(job => job.Seconds) / (Undisturbed.Steps / Undisturbed.Seconds)
            : null;

    /// <summary>Every reason for which the run has failed. Empty: it has not.</summary>
    public IReadOnlyList<string> Failures()
    {
        var failures = new List<string>();
        if (Undisturbed.State != JobState.Succeeded)
        {
            failures.Add($"the undisturbed job {Describe(Undisturbed)}");
        }
        foreach (var job in Jobs)
        {
            if (job.State != JobState.Succeeded)
            {
                failures.Add($"job {job.Id} {Describe(job)}");
            }
            else if (job.WeightsSha256 != Undisturbed.WeightsSha256)
            {
                failures.Add($"job {job.Id} has weights_sha256 {job.WeightsSha256}, the undisturbed one {Undisturbed.WeightsSha256}");
            }
        }
        failures.AddRange(Rounds.SelectMany(round => round.Failures()));
        if (Rounds.Count < PlannedRounds)
        {
            failures.Add($"{Rounds.Count} of {PlannedRounds} faults were done");
        }
        failures.AddRange(Surprises);
        return failures;
    }

    private static string Describe(JobRun job) => $"{job.State.ToString().ToLowerInvariant()} at step {job.Steps}: {job.Reason}";
}
