using System.Globalization;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Explain;

/// <summary>The story of a job: what happened to it, where it stands, and what helps.</summary>
/// <param name="Lines">What happened, oldest first.</param>
/// <param name="Summary">Checkpoints and evaluations, one line each.</param>
/// <param name="Now">Where it stands.</param>
/// <param name="Help">What can be done; empty: nothing need be.</param>
public sealed record JobStory(IReadOnlyList<StoryLine> Lines, IReadOnlyList<string> Summary, string Now, IReadOnlyList<string> Help)
{
    /// <summary>Tells the story: a pure function of what the coordinator knows.</summary>
    /// <param name="job">The job.</param>
    /// <param name="events">Its events, oldest first.</param>
    /// <param name="queued">Its place in the queue; null: it has none.</param>
    /// <param name="now">The time.</param>
    public static JobStory Of(Job job, IReadOnlyList<JobEvent> events, QueuedJob? queued, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(events);
        var teller = new StoryTeller(job);
        foreach (var e in events)
        {
            teller.Tell(e);
        }
        var present = new PresentState(job, queued, LastSign(job, events), now);
        return new(teller.Lines, [.. Checkpoints(events), .. Evaluations(events)], present.Text, present.Help);
    }

    /// <summary>When the job was last heard of.</summary>
    private static DateTimeOffset LastSign(Job job, IReadOnlyList<JobEvent> events) =>
        (events.Count > 0 ? events[^1].EventTime : job.CreateTime).ToDateTimeOffset();

    private static IEnumerable<string> Checkpoints(IReadOnlyList<JobEvent> events)
    {
        var all = events.Select(e => e.Checkpoint).OfType<CheckpointStored>().ToArray();
        var (stored, failed) = (all.Where(c => c.Error.Length == 0).ToArray(), all.Where(c => c.Error.Length > 0).ToArray());
        var kept =
            stored.Length == 0
                ? "no checkpoint was stored"
                : Display.Text.Invariant($"{Count(stored.Length, "checkpoint was", "checkpoints were")} stored, ")
                    + $"the last of step {stored[^1].Step} ({Display.Text.Bytes(stored[^1].SizeBytes)}, {Took(stored[^1].StoreDuration)})";
        var lost = failed.Length == 0 ? "" : $"; {failed.Length} could not be, the last at step {failed[^1].Step}: {failed[^1].Error}";
        yield return kept + lost;
    }

    private static IEnumerable<string> Evaluations(IReadOnlyList<JobEvent> events)
    {
        var scores = events.Select(e => e.Evaluation).OfType<Evaluation>().ToArray();
        if (scores.Length == 0)
        {
            yield break;
        }
        var (best, last) = (scores.LastOrDefault(s => s.Best) ?? scores.MaxBy(s => s.Bleu)!, scores[^1]);
        yield return $"{Count(scores.Length, "evaluation", "evaluations")}: best BLEU {Score(best)} at step {best.Step}"
            + (last.Step == best.Step ? ", which is the last" : $", last {Score(last)} at step {last.Step}");
    }

    private static string Score(Evaluation scores) => scores.Bleu.ToString("F2", CultureInfo.InvariantCulture);

    internal static string Count(int number, string one, string many) => $"{number} {(number == 1 ? one : many)}";

    internal static string Took(Google.Protobuf.WellKnownTypes.Duration? duration) =>
        Display.Text.Of(duration?.ToTimeSpan() ?? TimeSpan.Zero);
}
