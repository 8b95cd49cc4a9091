namespace TrainingCluster.Coordinator.Ledger;

/// <summary>Steps of one generation that the job's weights were made by.</summary>
/// <param name="Entry">The generation.</param>
/// <param name="First">Its first committed step, from 1.</param>
/// <param name="Last">Its last.</param>
public sealed record LedgerRange(LedgerEntry Entry, long First, long Last);

/// <summary>Which generation committed which steps, and what does not fit in the record.</summary>
/// <param name="Ranges">Oldest first; generations without a committed step are not among them.</param>
/// <param name="LastStep">Newest committed step that is known.</param>
/// <param name="Findings">What contradicts that the ranges are the steps 1 to <paramref name="LastStep"/>, each once. Empty:
/// nothing.</param>
public sealed record LedgerLineage(IReadOnlyList<LedgerRange> Ranges, long LastStep, IReadOnlyList<string> Findings)
{
    /// <summary>
    /// Follows the state back from the newest generation to the seed: each went on from a step of another, and what that one had
    /// done beyond it is discarded.
    /// </summary>
    /// <param name="entries">The whole record, by generation.</param>
    public static LedgerLineage Of(IReadOnlyList<LedgerEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var findings = new List<string>();
        var ranges = new List<LedgerRange>();
        var newest = entries.Count == 0 ? null : entries[^1];
        var last = newest?.Reached ?? 0;
        for (var (entry, end) = (newest, last); entry is not null && end > 0; )
        {
            if (entry.BaseStep > end)
            {
                findings.Add($"generation {entry.Generation} went on from step {entry.BaseStep}, yet step {end} is said to be its work");
            }
            else if (entry.Reached < end)
            {
                findings.Add(
                    $"generation {entry.Generation} is known to have done step {entry.Reached}, yet the next one went on from its "
                        + $"step {end}"
                );
            }
            if (entry.BaseStep < end)
            {
                ranges.Insert(0, new(entry, entry.BaseStep + 1, end));
            }
            end = Math.Min(end, entry.BaseStep);
            if (end == 0)
            {
                break;
            }
            var from = entries.LastOrDefault(e => e.Generation == entry.BaseGeneration && e.Generation < entry.Generation);
            if (from is null)
            {
                findings.Add(
                    $"generation {entry.Generation} went on from step {end}, and the record does not say who had done the steps up to it"
                );
            }
            entry = from;
        }
        findings.AddRange(Partition(ranges, last));
        return new(ranges, last, findings);
    }

    /// <summary>Why the ranges are not the steps from 1 to <paramref name="last"/> without a gap or an overlap.</summary>
    public static IEnumerable<string> Partition(IReadOnlyList<LedgerRange> ranges, long last)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var next = 1L;
        foreach (var (entry, first, end) in ranges)
        {
            if (first > next)
            {
                yield return $"no generation is recorded for {Steps(next, first - 1)}";
            }
            if (first < next)
            {
                yield return $"{Steps(first, Math.Min(end, next - 1))} of generation {entry.Generation} were committed by another one too";
            }
            next = Math.Max(next, end + 1);
        }
        if (next <= last)
        {
            yield return $"no generation is recorded for {Steps(next, last)}";
        }
    }

    /// <summary>Why the members of a generation do not hold each of its shards once; null: they do.</summary>
    public static string? Shards(LedgerEntry entry, int shards)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var members = entry.Plan.Members;
        // What a member cannot hold is not counted out.
        return
            members.All(m => m.FirstShard >= 0 && m.ShardCount >= 0 && m.ShardCount <= shards - m.FirstShard)
            && members.SelectMany(m => Enumerable.Range(m.FirstShard, m.ShardCount)).Order().SequenceEqual(Enumerable.Range(0, shards))
            ? null
            : $"the members of generation {entry.Generation} do not hold each of the {shards} shards once";
    }

    private static string Steps(long first, long last) => first == last ? $"step {first}" : $"the steps {first} to {last}";
}
