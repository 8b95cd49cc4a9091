using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public class ResidualDropoutTests
{
    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(0.3, false)]
    [InlineData(0.3, true)]
    [InlineData(1, true)]
    public void Apply_Training_HasTheBitsOfDropoutAndSum(double probability, bool isRounded)
    {
        using var scope = NewDisposeScope();
        // Blocks of 64, and some more; not contiguous, as attention leaves its gradients.
        using var generator = new Generator(3);
        var x = randn([101, 7], generator: generator).t();
        var y = randn([101, 7], generator: generator).t().to(isRounded ? ScalarType.BFloat16 : ScalarType.Float32);
        var gradient = randn([101, 7], generator: generator).t();
        var expected = Run(x, y, gradient, (a, b) => a.add(Plain(b, probability), Number.Of(1)));
        var found = Run(x, y, gradient, (a, b) => ResidualDropout.Apply(a, b, probability, training: true));
        Assert.Equal(expected[2].dtype, found[2].dtype);
        Assert.All(expected.Zip(found), pair => Assert.Equal(Bytes(pair.First), Bytes(pair.Second)));
    }

    [Fact]
    public void Apply_NoTraining_DropsNothing()
    {
        using var scope = NewDisposeScope();
        var sum = ResidualDropout.Apply(ones(3), tensor(new float[] { -1, 0, 2 }), 0.5, training: false);
        Assert.Equal([0, 1, 3], sum.data<float>().ToArray());
    }

    private static Tensor Plain(Tensor y, double probability) =>
        CounterDropout.Apply(y.to(ScalarType.Float32), probability, training: true);

    private static byte[] Bytes(Tensor tensor)
    {
        using var whole = tensor.contiguous();
        return whole.bytes.ToArray();
    }

    private static Tensor[] Run(Tensor x, Tensor y, Tensor gradient, Func<Tensor, Tensor, Tensor> function)
    {
        manual_seed(5);
        var (a, b) = (x.detach().clone().requires_grad_(), y.detach().clone().requires_grad_());
        var sum = function(a, b);
        sum.backward([gradient]);
        return [sum.detach(), a.grad!, b.grad!];
    }
}
