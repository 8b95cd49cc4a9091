using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Ledger;

/// <summary>Micro-batches of one epoch.</summary>
/// <param name="Steps">Its number of steps.</param>
/// <param name="MicroBatch">The sentences of a step in the epoch, from 0, and a logical shard.</param>
public sealed record EpochPlan(int Steps, Func<int, int, IReadOnlyList<int>> MicroBatch)
{
    /// <summary>The plan that every worker computes.</summary>
    public static EpochPlan Of(BatchPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new(plan.StepsPerEpoch, plan.MicroBatch);
    }
}

/// <summary>
/// Holds a job's record against the plan of its micro-batches. Two things together make the proof: the committed steps are 1 to the
/// last, each of one generation whose members held every shard once; and the micro-batches of these steps hold every sentence of a
/// whole epoch once.
/// </summary>
public static class LedgerAuditor
{
    /// <summary>Audits, and fills in the sentences of each generation and member.</summary>
    /// <param name="view">The record as clients see it; completed here.</param>
    /// <param name="job">Specification, phase and progress.</param>
    /// <param name="lineage">Who committed what.</param>
    /// <param name="sentences">Training pairs of the dataset.</param>
    /// <param name="epochs">The plan of an epoch, from 0.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static LedgerAudit Audit(
        JobLedger view,
        Store.StoredJob job,
        LedgerLineage lineage,
        int sentences,
        Func<int, EpochPlan> epochs,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(lineage);
        ArgumentNullException.ThrowIfNull(epochs);
        var shards = job.Spec.Training.LogicalShards;
        var audit = new LedgerAudit
        {
            DatasetFingerprint = job.Spec.Dataset.Fingerprint,
            DatasetSentenceCount = sentences,
            SkippedStepCount = job.Progress.SkippedStepCount,
        };
        audit.Findings.AddRange(lineage.Findings);
        audit.Findings.AddRange(lineage.Ranges.Select(r => LedgerLineage.Shards(r.Entry, shards)).OfType<string>());
        var total = job.Progress.TotalStepCount;
        if (job.Record.Phase == JobPhase.Succeeded && lineage.LastStep < total && job.Spec.Evaluation.Patience == 0)
        {
            audit.Findings.Add($"the job succeeded, yet step {lineage.LastStep} of {total} is the newest in the record");
        }

        var owners = new Owners(view, lineage, shards);
        var uses = new int[sentences];
        var first = 1L;
        for (var epoch = 0; first <= lineage.LastStep; epoch++)
        {
            var plan = epochs(epoch);
            if (plan.Steps < 1)
            {
                audit.Findings.Add($"epoch {epoch} has no steps");
                break;
            }
            Array.Clear(uses);
            var last = Math.Min(first + plan.Steps - 1, lineage.LastStep);
            for (var step = first; step <= last; step++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                for (var shard = 0; shard < shards; shard++)
                {
                    var batch = plan.MicroBatch((int)(step - first), shard);
                    foreach (var sentence in batch)
                    {
                        uses[sentence]++;
                    }
                    owners.Count(step, shard, batch.Count);
                }
            }
            var of = new LedgerEpoch
            {
                Epoch = epoch,
                FirstStep = first,
                LastStep = last,
                Whole = last == first + plan.Steps - 1,
                SentenceCount = uses.Count(n => n > 0),
                RepeatedSentenceCount = uses.Count(n => n > 1),
            };
            audit.Epochs.Add(of);
            if (of.RepeatedSentenceCount > 0)
            {
                audit.Findings.Add($"{of.RepeatedSentenceCount} sentences of epoch {epoch} were used more than once");
            }
            if (of.Whole && of.SentenceCount < sentences)
            {
                audit.Findings.Add($"{sentences - of.SentenceCount} sentences of epoch {epoch} were not used");
            }
            first = last + 1;
        }
        audit.Holds = audit.Findings.Count == 0;
        return audit;
    }

    /// <summary>Finds who committed a micro-batch, for steps in ascending order.</summary>
    private sealed class Owners(JobLedger view, LedgerLineage lineage, int shards)
    {
        private int _range = -1;
        private LedgerGeneration? _generation;
        private LedgerMember?[] _members = [];

        public void Count(long step, int shard, int sentences)
        {
            while (_range < 0 || (_range < lineage.Ranges.Count && lineage.Ranges[_range].Last < step))
            {
                Next();
            }
            if (_range >= lineage.Ranges.Count || lineage.Ranges[_range].First > step || _members[shard] is not { } member)
            {
                return;
            }
            _generation!.SentenceCount += sentences;
            member.SentenceCount += sentences;
        }

        private void Next()
        {
            if (++_range >= lineage.Ranges.Count)
            {
                return;
            }
            _generation = view.Generations.Single(g => g.Generation == lineage.Ranges[_range].Entry.Generation);
            _members =
            [
                .. Enumerable
                    .Range(0, shards)
                    .Select(s => _generation.Members.FirstOrDefault(m => s >= m.FirstShard && s < m.FirstShard + m.ShardCount)),
            ];
        }
    }
}
