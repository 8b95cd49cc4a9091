using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Course;

public class RandomTensorsTests
{
    [Fact]
    public void Normal_ManyNumbers_HaveMeanZeroAndVarianceOne()
    {
        using var scope = NewDisposeScope();
        var numbers = RandomTensors.Normal(new DeterministicRandom(1), 100, 200);
        Assert.Equal([100, 200], numbers.shape);
        Assert.Equal(0, numbers.mean().item<float>(), 0.02f);
        Assert.Equal(1, numbers.var().item<float>(), 0.03f);
    }
}
