using Google.Protobuf.WellKnownTypes;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Ledger;

/// <summary>The record as clients see it.</summary>
internal static class LedgerView
{
    /// <summary>Every generation, with what it committed, discarded and did again.</summary>
    public static JobLedger Of(string jobId, IReadOnlyList<LedgerEntry> entries, LedgerLineage lineage)
    {
        var committed = lineage.Ranges.ToDictionary(r => r.Entry.Generation);
        var view = new JobLedger { JobId = jobId, LastStep = lineage.LastStep };
        var done = 0L;
        foreach (var entry in entries)
        {
            var generation = View(entry, committed.GetValueOrDefault(entry.Generation));
            // What an earlier generation had done beyond this one's base is done once more.
            generation.RepeatedStepCount = Math.Max(0, Math.Min(done, entry.Reached) - entry.BaseStep);
            done = Math.Max(done, entry.Reached);
            view.Generations.Add(generation);
        }
        return view;
    }

    private static LedgerGeneration View(LedgerEntry entry, LedgerRange? range)
    {
        var steps = range is null ? 0 : range.Last - range.First + 1;
        var view = new LedgerGeneration
        {
            Generation = entry.Generation,
            Reason = entry.Plan.Reason,
            PlanTime = Timestamp.FromDateTimeOffset(entry.Planned),
            BaseStep = entry.BaseStep,
            BaseGeneration = entry.BaseGeneration,
            CheckpointId = entry.Plan.CheckpointId,
            ReachedStep = entry.Reached,
            FirstStep = range?.First ?? 0,
            LastStep = range?.Last ?? 0,
            MicroBatchCount = steps * entry.Plan.Members.Sum(m => (long)m.ShardCount),
            DiscardedStepCount = entry.Reached - (range?.Last ?? entry.BaseStep),
        };
        view.Members.AddRange(
            entry.Plan.Members.Select(m => new LedgerMember
            {
                WorkerId = m.WorkerId,
                Incarnation = m.Incarnation,
                FirstShard = m.FirstShard,
                ShardCount = m.ShardCount,
                MicroBatchCount = steps * m.ShardCount,
            })
        );
        return view;
    }
}
