using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Training;

/// <summary>Steps 2 and 3 of <see cref="TrainingLoop"/>: forward and backward of one shard's sentences.</summary>
internal static class MicroBatch
{
    /// <summary>
    /// libtorch's generator belongs to the process: workers that share one process take turns with it, or they would draw from one
    /// another's numbers. A worker alone never waits here.
    /// </summary>
    public static Lock Generator { get; } = new();

    /// <summary>Forward and backward; the gradient is added to the attached buffer.</summary>
    public static ShardTotals Run(TrainingJob job, Batch batch, long step, int shard)
    {
        if (batch.Rows == 0)
        {
            return new ShardTotals { Shard = shard };
        }
        lock (Generator)
        {
            return RunAlone(job, batch, step, shard);
        }
    }

    private static ShardTotals RunAlone(TrainingJob job, Batch batch, long step, int shard)
    {
        manual_seed(DropoutSeed.Of(job.Spec.Seed, step, shard));
        using var scope = NewDisposeScope();
        using var precision = Autocast.Enable(job.Spec.Training.Precision);
        TrainingThread.Enter(TrainingPhase.Forward);
        var loss = Loss(job, batch, job.Spec.Training.LabelSmoothing, job.Spec.Training.RDrop);
        TrainingThread.Enter(TrainingPhase.Backward);
        loss.backward();
        return new ShardTotals
        {
            Shard = shard,
            Loss = loss.item<float>(),
            TargetTokens = batch.TargetTokens,
            SourceTokens = batch.SourceTokens,
        };
    }

    /// <summary>Loss of a batch, summed over its target tokens.</summary>
    /// <param name="job">The model and its device.</param>
    /// <param name="batch">At least one row.</param>
    /// <param name="labelSmoothing">In [0, 1).</param>
    /// <param name="rDrop">0: one pass over each sentence; else two, with this weight on their divergence.</param>
    public static Tensor Loss(TrainingJob job, Batch batch, double labelSmoothing, double rDrop = 0)
    {
        var device = job.Device;
        var source_BS = tensor(batch.Source, new long[] { batch.Rows, batch.SourceWidth }, device: device);
        var lengths_B = tensor(Array.ConvertAll(batch.SourceLengths, length => (long)length), device: device);
        var input_BT = tensor(batch.DecoderInput, new long[] { batch.Rows, batch.TargetWidth }, device: device);
        var labels_BT = tensor(batch.Labels, new long[] { batch.Rows, batch.TargetWidth }, device: device);
        return rDrop > 0
            ? job.Model.RDropLoss(source_BS, lengths_B, input_BT, labels_BT, labelSmoothing, rDrop)
            : job.Model.Loss(source_BS, lengths_B, input_BT, labels_BT, labelSmoothing);
    }
}
