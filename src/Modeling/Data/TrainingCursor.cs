namespace TrainingCluster.Modeling.Data;

/// <summary>A step of a job as a place in an epoch.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="StepInEpoch">The step within it, from 0.</param>
public readonly record struct TrainingCursor(int Epoch, int StepInEpoch)
{
    /// <summary>Where step <paramref name="globalStep"/> (from 0) stands.</summary>
    /// <param name="globalStep">The step, counted over all epochs.</param>
    /// <param name="stepsInEpoch">Number of steps of an epoch, at least 1.</param>
    public static TrainingCursor Locate(long globalStep, Func<int, int> stepsInEpoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(globalStep);
        ArgumentNullException.ThrowIfNull(stepsInEpoch);
        var rest = globalStep;
        for (var epoch = 0; ; epoch++)
        {
            var steps = stepsInEpoch(epoch);
            if (steps < 1)
            {
                throw new ArgumentException($"Epoch {epoch} has {steps} steps.", nameof(stepsInEpoch));
            }
            if (rest < steps)
            {
                return new TrainingCursor(epoch, (int)rest);
            }
            rest -= steps;
        }
    }
}
