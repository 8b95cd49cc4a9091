namespace TrainingCluster.Worker.Training;

/// <summary>
/// Computes one micro-batch for nothing. The first one of a process takes many times as long as those that follow (code is
/// compiled, kernels are chosen, memory is taken from the system), and a newcomer's first step would hold everybody up.
/// </summary>
internal static class Warmup
{
    /// <summary>
    /// Leaves the training state as it is: gradients are cleared before they are used, and every shard has a seed of its own.
    /// </summary>
    public static void Run(TrainingJob job)
    {
        var scratch = job.GradientBuffers(1)[0];
        scratch.Flat.Clear();
        scratch.Attach();
        job.Model.SegmentReady = null;
        MicroBatch.Run(job, job.Batches.Build(1, 0), 1, 0);
    }
}
