using TorchSharp;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public class NumberTests
{
    [Fact]
    public void Of_SameValue_IsOneObject()
    {
        Assert.Same(Number.Of(0.25), Number.Of(0.25));
        Assert.Same(Number.Of(3), Number.Of(3L));
        Assert.NotSame(Number.Of(3), Number.Of(3.0));
    }

    [Fact]
    public void Of_WholeAndFloatingNumbers_KeepTheirKind()
    {
        using var scope = NewDisposeScope();
        var ones = torch.ones(2, ScalarType.Int64);
        Assert.Equal(ScalarType.Int64, ones.mul(Number.Of(2)).dtype);
        Assert.Equal(ScalarType.Float32, ones.mul(Number.Of(0.5)).dtype);
        Assert.Equal(0.1f, torch.full(1, Number.Of(0.1f)).item<float>());
    }
}
