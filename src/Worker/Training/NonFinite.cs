using System.Buffers.Binary;
using TrainingCluster.Training;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Training;

/// <summary>Finds out, after a step whose gradient or loss is NaN or Inf, which shards it came from.</summary>
internal static class NonFinite
{
    private const int SentencesShown = 3;
    private const int CharactersShown = 200;

    /// <summary>
    /// Computes each of this worker's shards once more, alone, and tells the others which are not finite. Steps like this are rare;
    /// looking at every shard of every step would cost more.
    /// </summary>
    public static CollectiveFailure? FindShards(
        TrainingJob job, CollectiveGroup group, FlatParameters.GradientBuffer scratch, long step, ShardTotals[] byShard, out IReadOnlyList<int> shards)
    {
        shards = [];
        var own = new List<int>();
        scratch.Attach();
        job.Model.SegmentReady = null;
        foreach (var shard in group.Plan.Own.Shards)
        {
            if (double.IsFinite(byShard[shard].Loss))
            {
                scratch.Flat.Clear();
                MicroBatch.Run(job, job.Batches.Build(step, shard), step, shard);
                scratch.Flat.Download(new Collective.FlatRange(0, job.Buckets.Length));
                if (double.IsFinite(GlobalNorm.SumOfSquares(scratch.Flat.Host.Span)))
                    continue;
            }

            own.Add(shard);
        }

        var value = new byte[own.Count * sizeof(int)];
        for (var i = 0; i < own.Count; i++)
            BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(i * sizeof(int)), own[i]);
        // As long again as the step itself took: the others do the same.
        if (group.AllGather(step, SideTopic.NonFiniteShards, value, group.Options.Patience, out var all) is { } failure)
            return failure;
        shards = [.. all.SelectMany(bytes => bytes.Chunk(sizeof(int)).Select(number => BinaryPrimitives.ReadInt32LittleEndian(number))).Order()];
        return null;
    }

    /// <summary>Why the job fails, with the sentences to look at.</summary>
    public static JobFault Fault(TrainingJob job, long step, IReadOnlyList<int> shards, int inARow)
    {
        var message = $"Loss or gradient was NaN or Inf in {inARow} steps in a row, lastly in step {step}";
        if (shards.Count == 0)
            return new JobFault("NON_FINITE", $"{message}, where each shard alone is finite: their sum is too large. Lower training.learning_rate.");
        var indices = job.Batches.Sentences(step, shards[0]);
        var tokenizer = job.Dataset.Tokenizer;
        var sentences = indices.Take(SentencesShown).Select(index =>
            $"\n  {index}: {Shown(tokenizer.Decode(job.Dataset.Source(index)))} => {Shown(tokenizer.Decode(job.Dataset.Target(index)))}");
        return new JobFault(
            "NON_FINITE",
            $"{message}, shard {string.Join(", ", shards)}. Lower training.learning_rate, or look at these of its {indices.Count} sentences:{string.Concat(sentences)}");
    }

    private static string Shown(string text) => text.Length <= CharactersShown ? text : text[..CharactersShown] + "…";
}
