using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>Random tensors that are the same with every libtorch and on every processor, as libtorch's own are not.</summary>
public static class RandomTensors
{
    /// <summary>Numbers of mean 0 and variance 1 (Box and Muller 1958).</summary>
    /// <param name="random">Where they come from.</param>
    /// <param name="sides">The shape.</param>
    /// <returns>float32.</returns>
    public static Tensor Normal(DeterministicRandom random, params long[] sides)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentNullException.ThrowIfNull(sides);
        var values = new float[sides.Aggregate(1L, (product, side) => product * side)];
        for (var i = 0; i < values.Length; i++)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = (float)(radius * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
        return tensor(values, sides);
    }
}
