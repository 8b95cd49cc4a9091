using TrainingCluster.V1;

namespace TrainingCluster.Chaos.Goodput;

/// <summary>One of the runs that are compared.</summary>
/// <param name="Job">The job.</param>
/// <param name="StepsPerSecond">From its first step to its last one.</param>
public sealed record GoodputJob(JobRun Job, double StepsPerSecond);

/// <summary>What is left of the throughput under faults.</summary>
public sealed record GoodputReport
{
    /// <summary>The run before the disturbed one.</summary>
    public required GoodputJob Before { get; init; }

    /// <summary>The run with faults.</summary>
    public required GoodputJob Disturbed { get; init; }

    /// <summary>The run after it.</summary>
    public required GoodputJob After { get; init; }

    /// <summary>The faults that were over when the disturbed job ended, and what each cost.</summary>
    public required IReadOnlyList<GoodputFault> Faults { get; init; }

    /// <summary>Processor time that workers which came back used until they listened, in seconds.</summary>
    public required double StartedSeconds { get; init; }

    /// <summary>Processor time that all workers could have used in the disturbed run, in seconds.</summary>
    public required double ProcessorSeconds { get; init; }

    /// <summary>What else went wrong.</summary>
    public required IReadOnlyList<string> Surprises { get; init; }

    /// <summary>The least ratio that the run must reach. Null: it is not judged.</summary>
    public required double? Least { get; init; }

    /// <summary>Steps a second of the undisturbed runs: the mean.</summary>
    public double Undisturbed => (Before.StepsPerSecond + After.StepsPerSecond) / 2;

    /// <summary>The disturbed run's throughput by the mean of the undisturbed ones: 1 is all.</summary>
    public double Ratio => Undisturbed > 0 ? Disturbed.StepsPerSecond / Undisturbed : 0;

    /// <summary>How far the undisturbed runs differ, by their mean: what a ratio is worth on this machine.</summary>
    public double Spread => Undisturbed > 0 ? Math.Abs(Before.StepsPerSecond - After.StepsPerSecond) / Undisturbed : 0;

    /// <summary>Every reason for which the run has failed. Empty: it has not.</summary>
    public IReadOnlyList<string> Failures()
    {
        var failures = new List<string>();
        foreach (
            var (name, job) in new[] { ("first undisturbed", Before.Job), ("disturbed", Disturbed.Job), ("second undisturbed", After.Job) }
        )
        {
            if (job.State != JobState.Succeeded)
            {
                failures.Add($"the {name} job {job.State.ToString().ToLowerInvariant()} at step {job.Steps}: {job.Reason}");
            }
            else if (job.WeightsSha256 != Before.Job.WeightsSha256)
            {
                failures.Add($"the {name} job has weights_sha256 {job.WeightsSha256}, the first one {Before.Job.WeightsSha256}");
            }
        }
        failures.AddRange(Faults.SelectMany(fault => fault.Round.Failures()));
        if (Faults.Count == 0)
        {
            failures.Add("no fault came before the disturbed job ended; give it more minutes");
        }
        if (Least is { } least && Ratio < least)
        {
            failures.Add(FormattableString.Invariant($"{100 * Ratio:F1} % of the throughput is left, less than {100 * least:F1} %"));
        }
        failures.AddRange(Surprises);
        return failures;
    }
}
