using TrainingCluster.Data;
using TrainingCluster.Training;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Training;

/// <summary>What one shard contributed to a step, besides its gradient.</summary>
/// <param name="Shard">The logical shard.</param>
/// <param name="Loss">Label-smoothed, nats, summed over target tokens.</param>
/// <param name="TargetTokens">Labels that count.</param>
/// <param name="SourceTokens">Source tokens.</param>
internal readonly record struct ShardTotals(int Shard, double Loss, long TargetTokens, long SourceTokens);

/// <summary>Steps 1 to 3 of <see cref="TrainingLoop"/>: one shard's sentences, forward, backward.</summary>
internal static class MicroBatch
{
    // libtorch's generator belongs to the process: workers that share one process take turns, or they would draw from one another's
    // numbers. A worker alone never waits here.
    private static readonly Lock s_generator = new();

    /// <summary>Builds the sentences of a shard, with words cut anew where the job asks for BPE dropout.</summary>
    public static Batch Build(TrainingJob job, TrainingCursor cursor, long step, int shard)
    {
        var indices = job.Plan.Epoch(cursor.Epoch).MicroBatch(cursor.StepInEpoch, shard);
        if (job.Spec.Training.BpeDropout <= 0)
            return BatchBuilder.Build(job.Dataset, indices);
        var tokenizer = job.Dataset.Tokenizer;
        // A stream of its own, away from the model's dropout: the third key tells them apart.
        var dropout = new BpeDropout(job.Spec.Training.BpeDropout, new DeterministicRandom(job.Spec.Seed, (ulong)step, (ulong)shard, 1));
        return BatchBuilder.Build(
            [.. indices.Select(index => tokenizer.Encode(tokenizer.Decode(job.Dataset.Source(index)), dropout))],
            [.. indices.Select(index => tokenizer.Encode(tokenizer.Decode(job.Dataset.Target(index)), dropout))]);
    }

    /// <summary>Forward and backward; the gradient is added to the attached buffer.</summary>
    public static ShardTotals Run(TrainingJob job, Batch batch, long step, int shard)
    {
        if (batch.Rows == 0)
            return new ShardTotals(shard, 0, 0, 0);
        lock (s_generator)
            return RunAlone(job, batch, step, shard);
    }

    private static ShardTotals RunAlone(TrainingJob job, Batch batch, long step, int shard)
    {
        manual_seed(DropoutSeed.Of(job.Spec.Seed, step, shard));
        using var scope = NewDisposeScope();
        var loss = Loss(job, batch, job.Spec.Training.LabelSmoothing);
        loss.backward();
        return new ShardTotals(shard, loss.item<float>(), batch.TargetTokens, batch.SourceTokens);
    }

    /// <summary>Loss of a batch, summed over its target tokens.</summary>
    public static Tensor Loss(TrainingJob job, Batch batch, double labelSmoothing)
    {
        var device = job.Device;
        var source_BS = tensor(batch.Source, new long[] { batch.Rows, batch.SourceWidth }, device: device);
        var lengths_B = tensor(Array.ConvertAll(batch.SourceLengths, length => (long)length), device: device);
        var input_BT = tensor(batch.DecoderInput, new long[] { batch.Rows, batch.TargetWidth }, device: device);
        var labels_BT = tensor(batch.Labels, new long[] { batch.Rows, batch.TargetWidth }, device: device);
        return job.Model.Loss(source_BS, lengths_B, input_BT, labels_BT, labelSmoothing);
    }
}
