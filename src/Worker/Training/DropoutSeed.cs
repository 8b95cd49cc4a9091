using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Worker.Training;

/// <summary>What the random numbers of one micro-batch start from, whichever worker computes it.</summary>
public static class DropoutSeed
{
    /// <summary>The seed for libtorch's generator, not negative.</summary>
    /// <param name="jobSeed">The job's seed.</param>
    /// <param name="step">The step, from 1.</param>
    /// <param name="shard">The logical shard.</param>
    public static long Of(ulong jobSeed, long step, int shard) =>
        (long)(new DeterministicRandom(jobSeed, (ulong)step, (ulong)shard).NextUInt64() >> 1);
}
