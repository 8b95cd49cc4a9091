using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Optimization;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Training;

/// <summary>Finds out, after a step whose gradient or loss is NaN or Inf, which shards it came from.</summary>
internal static class NonFinite
{
    private const int SentencesShown = 5;
    private const int CharactersShown = 200;

    /// <summary>
    /// Computes each of this worker's shards once more, alone, and tells the others which are not finite. Steps like this are rare;
    /// looking at every shard of every step would cost more.
    /// </summary>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public static IReadOnlyList<int> FindShards(
        TrainingJob job,
        CollectiveGroup group,
        FlatParameters.GradientBuffer scratch,
        long step,
        ShardTotals[] byShard
    )
    {
        var own = new NonFiniteShards();
        foreach (var shard in group.Plan.Own.Shards)
        {
            if (!double.IsFinite(byShard[shard].Loss) || !IsFinite(job, scratch, job.Batches.Build(step, shard), step, shard))
            {
                own.Shards.Add(shard);
            }
        }

        // As long again as the step itself took: the others do the same.
        var all = group.Mailbox.AllGather(step, MailboxTopic.NonFiniteShards, own, group.Options.Timeout);
        return ByShard(all, group.Plan.LogicalShards);
    }

    /// <summary>The members' shards in order.</summary>
    /// <param name="members">What each member said.</param>
    /// <param name="shards">V.</param>
    /// <exception cref="InvalidDataException">A shard is none of the job's.</exception>
    internal static IReadOnlyList<int> ByShard(IEnumerable<NonFiniteShards> members, int shards)
    {
        int[] found = [.. members.SelectMany(member => member.Shards).Order()];
        return found.All(shard => (uint)shard < (uint)shards)
            ? found
            : throw new InvalidDataException($"Shards {string.Join(", ", found)} came as not finite, of {shards} shards.");
    }

    /// <summary>The shards that met NaN or Inf in a round of DiLoCo, by what was said of each.</summary>
    public static IReadOnlyList<int> Shards(ShardTotals[] byShard) =>
        [.. byShard.Where(totals => totals.NonFiniteStep > 0).Select(totals => totals.Shard)];

    /// <summary><see cref="Fault"/> after a round: the first shard is brought to where it was before its bad step.</summary>
    public static JobFault FaultOfRound(TrainingJob job, long last, ShardTotals[] byShard, int inARow)
    {
        var shards = Shards(byShard);
        if (shards.Count == 0)
        {
            return Fault(job, job.GradientBuffers(1)[0], last, shards, inARow);
        }
        var step = Math.Clamp(byShard[shards[0]].NonFiniteStep, job.Rounds.Before(last) + 1, last);
        return job.Replica.Before(
            shards[0],
            job.Rounds.Before(last) + 1,
            step,
            scratch => Fault(job, scratch, step, [.. shards.Where(shard => byShard[shard].NonFiniteStep == step)], inARow, "rounds")
        );
    }

    /// <summary>Why the job fails: step, shards, and of the first one the sentences that are not finite even alone.</summary>
    public static JobFault Fault(
        TrainingJob job,
        FlatParameters.GradientBuffer scratch,
        long step,
        IReadOnlyList<int> shards,
        int inARow,
        string what = "steps"
    )
    {
        var message = $"Loss or gradient was NaN or Inf in {inARow} {what} in a row, lastly in step {step}";
        if (shards.Count == 0)
        {
            return new JobFault(
                "NON_FINITE",
                $"{message}, where each shard alone is finite: their sum is too large. Lower training.learning_rate."
            );
        }
        var sentences = job.Batches.Sentences(step, shards[0]);
        var batch = job.Batches.Build(step, shards[0]);
        var guilty = Enumerable
            .Range(0, sentences.Count)
            .Where(row => !IsFinite(job, scratch, batch.Row(row), step, shards[0]))
            .Take(SentencesShown)
            .Select(row => sentences[row])
            .ToList();
        var which =
            guilty.Count > 0
                ? $"of the {sentences.Count} sentences of shard {shards[0]} these are not finite even alone"
                : $"each of the {sentences.Count} sentences of shard {shards[0]} is finite alone; its first are";
        return new JobFault(
            "NON_FINITE",
            $"{message}, shard {string.Join(", ", shards)}. Lower training.learning_rate, or look at the data: {which}:"
                + string.Concat(
                    (guilty.Count > 0 ? guilty : sentences.Take(SentencesShown)).Select(sentence => $"\n  {Shown(job, sentence)}")
                )
        );
    }

    /// <summary>Computes a micro-batch once more; an update is far away.</summary>
    private static bool IsFinite(TrainingJob job, FlatParameters.GradientBuffer scratch, Batch batch, long step, int shard)
    {
        scratch.Attach();
        job.Model.SegmentReady = null;
        scratch.Flat.Clear();
        if (!double.IsFinite(MicroBatch.Run(job, batch, step, shard).Loss))
        {
            return false;
        }
        scratch.Flat.Download(new FlatRange(0, job.State.Parameters.Layout.Length));
        return double.IsFinite(GlobalNorm.SumOfSquares(scratch.Flat.Host.Span[..job.State.Parameters.Layout.Length]));
    }

    private static string Shown(TrainingJob job, int sentence)
    {
        var tokenizer = job.Dataset.Tokenizer;
        return $"{sentence}: {Shown(tokenizer.Decode(job.Dataset.Source(sentence)))} => "
            + $"{Shown(tokenizer.Decode(job.Dataset.Target(sentence)))}";
    }

    private static string Shown(string text) => text.Length <= CharactersShown ? text : text[..CharactersShown] + "…";
}
