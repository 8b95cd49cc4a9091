using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public class RectifiedDropoutTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(0.3, false)]
    [InlineData(0.3, true)]
    [InlineData(1, true)]
    public void Apply_Training_HasTheBitsOfBothFunctions(double probability, bool isRounded)
    {
        using var scope = NewDisposeScope();
        // Blocks of 64, and some more.
        using var generator = new Generator(3);
        var x = randn([7, 101], generator: generator).to(isRounded ? ScalarType.BFloat16 : ScalarType.Float32);
        var gradient = randn([7, 101], generator: generator).to(x.dtype);
        var expected = Run(x, gradient, a => Plain(a, probability));
        var found = Run(x, gradient, a => RectifiedDropout.Apply(a, probability, training: true));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First.bytes.ToArray(), pair.Second.bytes.ToArray()));
    }

    [Fact]
    public void Apply_NoNumbers_StayNone()
    {
        using var scope = NewDisposeScope();
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            var x = full([64], Number.Of(double.NaN)).to(type);
            var found = Run(x, ones_like(x), a => RectifiedDropout.Apply(a, 0.5, training: true));
            Assert.InRange(found[0].isnan().sum().item<long>(), 10, 54);
            Assert.Equal(64, found[0].isnan().sum().item<long>() + found[0].eq(Number.Of(0)).sum().item<long>());
        }
    }

    [Fact]
    public void Apply_NoTraining_DropsNothing()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { -1, 0, 2 });
        Assert.Equal([0, 0, 2], RectifiedDropout.Apply(x, 0.5, training: false).data<float>().ToArray());
    }

    // As the layers had it: rounded, dropped in float32, rounded again.
    private static Tensor Plain(Tensor x, double probability) =>
        CounterDropout.Apply(nn.functional.relu(x).to(ScalarType.Float32), probability, training: true).to(x.dtype);

    private static Tensor[] Run(Tensor x, Tensor gradient, Func<Tensor, Tensor> function)
    {
        manual_seed(5);
        var leaf = x.detach().clone().requires_grad_();
        var y = function(leaf);
        y.backward([gradient]);
        return [y.detach(), leaf.grad!];
    }
}
