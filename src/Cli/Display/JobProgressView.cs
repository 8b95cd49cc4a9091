using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Display;

/// <summary>Turns a job's events into progress and lines for people.</summary>
public static class JobProgressView
{
    /// <summary>Shows one event.</summary>
    public static void Show(IActivity activity, JobEvent jobEvent)
    {
        ArgumentNullException.ThrowIfNull(activity);
        ArgumentNullException.ThrowIfNull(jobEvent);
        switch (jobEvent.EventCase)
        {
            case JobEvent.EventOneofCase.Progress:
                var progress = jobEvent.Progress;
                activity.Report(progress.Step, progress.TotalStepCount, Figures(progress), progress.RemainingDuration?.ToTimeSpan());
                break;
            default:
                if (LineOf(jobEvent) is { } line)
                {
                    activity.Line(line);
                }
                break;
        }
    }

    /// <summary>An event other than progress as a line. Null: nothing to say.</summary>
    public static string? LineOf(JobEvent jobEvent)
    {
        ArgumentNullException.ThrowIfNull(jobEvent);
        return jobEvent.EventCase switch
        {
            JobEvent.EventOneofCase.State => $"{jobEvent.State.State.Word()}{Because(jobEvent.State.Reason)}",
            JobEvent.EventOneofCase.Evaluation => Scores(jobEvent.Evaluation),
            JobEvent.EventOneofCase.Generation => Generation(jobEvent.Generation),
            JobEvent.EventOneofCase.Fault =>
                $"{(jobEvent.Fault.Kind == FaultKind.JobFailed ? "error" : "warning")} {jobEvent.Fault.Line()}",
            JobEvent.EventOneofCase.Log => $"{jobEvent.Log.Severity.Word()} {jobEvent.Log.Source}: {jobEvent.Log.Text}",
            _ => null,
        };
    }

    /// <summary>"step 120/400, loss 2.345, 8,100 tokens/s, 2 workers".</summary>
    public static string Figures(JobProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var total = progress.TotalStepCount > 0 ? $"/{progress.TotalStepCount}" : "";
        var skipped = progress.SkippedStepCount > 0 ? $", {progress.SkippedStepCount} skipped" : "";
        return Text.Invariant($"step {progress.Step}{total}, loss {progress.Loss:F3}, {Text.Count(progress.TokensPerSecond)} tokens/s, ")
            + $"{progress.WorkerCount} worker{(progress.WorkerCount == 1 ? "" : "s")}{skipped}";
    }

    private static string Scores(Evaluation scores) =>
        Text.Invariant($"step {scores.Step}: BLEU {scores.Bleu:F2}, exact {100 * scores.ExactMatch:F1} %, loss {scores.Loss:F3} ")
        + Text.Invariant(
            $"({scores.SentenceCount} sentences, {scores.Duration.TotalSeconds():F1} s){(scores.Best ? ", the best so far" : "")}"
        );

    private static string Generation(GenerationChanged change)
    {
        var recovery = change.RecoveryDuration.TotalSeconds() is var seconds and > 0
            ? Text.Invariant($", {seconds:F1} s after the change")
            : "";
        return $"generation {change.Generation}: {string.Join(", ", change.Workers)} from step "
            + $"{change.BaseStep}{recovery}{Because(change.Reason)}";
    }

    private static string Because(string reason) => reason.Length == 0 ? "" : $" ({reason})";
}
