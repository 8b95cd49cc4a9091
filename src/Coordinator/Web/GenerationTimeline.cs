using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>Who held which shards when.</summary>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where it ends: the job's end, or now.</param>
/// <param name="Generations">Oldest first.</param>
/// <param name="Workers">Every worker of them, in the order in which they came.</param>
/// <param name="LeftOut">Older generations that are not shown.</param>
public sealed record GenerationTimeline(
    DateTimeOffset From,
    DateTimeOffset To,
    IReadOnlyList<TimelineGeneration> Generations,
    IReadOnlyList<string> Workers,
    int LeftOut
)
{
    /// <summary>More do not fit.</summary>
    public const int MostGenerations = 200;

    /// <summary>Puts the ledger and the recoveries of the job's events together.</summary>
    public static GenerationTimeline Of(JobLedger ledger, IReadOnlyList<JobEvent> events, DateTimeOffset? ended, DateTimeOffset now)
    {
        var to = ended ?? now;
        var shown = ledger.Generations.TakeLast(MostGenerations).ToArray();
        // A generation that started anew says so again: the first word has the recovery.
        var changes = events
            .Where(e => e.Generation is not null)
            .GroupBy(e => e.Generation.Generation)
            .ToDictionary(g => g.Key, g => g.Last().Generation);
        var generations = shown
            .Select(
                (generation, i) =>
                {
                    var begins = generation.PlanTime.ToDateTimeOffset();
                    var ends = i + 1 < shown.Length ? shown[i + 1].PlanTime.ToDateTimeOffset() : to;
                    return new TimelineGeneration(
                        generation,
                        begins,
                        ends > begins ? ends : begins,
                        changes.GetValueOrDefault(generation.Generation)
                    );
                }
            )
            .ToArray();
        return new(
            generations.Length > 0 ? generations[0].From : to,
            to,
            generations,
            [.. shown.SelectMany(g => g.Members.Select(m => m.WorkerId)).Distinct(StringComparer.Ordinal)],
            ledger.Generations.Count - shown.Length
        );
    }

    /// <summary>Where a moment lies, from 0 to 1.</summary>
    public double At(DateTimeOffset time) => To > From ? Math.Clamp((time - From) / (To - From), 0, 1) : 0;
}

/// <summary>A generation in time.</summary>
/// <param name="Entry">What it did.</param>
/// <param name="From">When it was planned.</param>
/// <param name="To">When the next one was, or the end.</param>
/// <param name="Change">Why it came, and what it cost; null: it has not started, or that is not known any more.</param>
public sealed record TimelineGeneration(LedgerGeneration Entry, DateTimeOffset From, DateTimeOffset To, GenerationChanged? Change);
