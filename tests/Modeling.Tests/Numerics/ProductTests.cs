using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

/// <summary>Products whose bias is added by the operation that takes them.</summary>
public class ProductTests
{
    // Rows that fill whole blocks of 64 numbers, and more of them than one.
    [Theory]
    [InlineData(5, 64)]
    [InlineData(3, 192)]
    public void Dropout_OfAProduct_AddsItsBiasAsFloat32(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        var residual = randn(rows, columns);
        AssertSame(
            rows,
            columns,
            product => RectifiedDropout.Apply(product, 0.3, training: true),
            sum => CounterDropout.Apply(nn.functional.relu(sum), 0.3, training: true).to(ScalarType.BFloat16)
        );
        AssertSame(
            rows,
            columns,
            product => ResidualDropout.Apply(residual, product, 0.3, training: true),
            sum => residual.add(CounterDropout.Apply(sum, 0.3, training: true), Number.Of(1))
        );
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Bias_IsPendingWhereItFillsBlocks(int columns, bool isPending)
    {
        using var scope = NewDisposeScope();
        using var precision = Autocast.Enable("bfloat16");
        using var layer = nn.Linear(8, columns);
        var x = randn(3, 8);
        var product = Autocast.Product(x, layer.weight!, layer.bias);
        Assert.Equal(isPending, product.Bias is not null);
        var expected = nn.functional.linear(x, layer.weight!, layer.bias);
        Assert.True(expected.sub(product.Sum()).abs().max().item<float>() < 0.02);
        product.Sum().sum().backward();
        Assert.Equal(3 * columns, layer.bias!.grad!.sum().item<float>());
    }

    private static void AssertSame(int rows, int columns, Func<Product, Tensor> taking, Func<Tensor, Tensor> single)
    {
        manual_seed(4);
        var value = randn(rows, columns).to(ScalarType.BFloat16);
        using var bias = nn.Parameter(randn(columns + 64));
        var some = new WeightRows(64, columns);
        var factors = randn(rows, columns);
        Tensor[] Results(Func<Tensor, Tensor> function)
        {
            manual_seed(9);
            var leaf = value.clone().requires_grad_();
            var result = function(leaf);
            result.mul(factors).sum().backward();
            return [result, leaf.grad!];
        }

        var expected = Results(leaf => single(leaf.to(ScalarType.Float32).add(some.Of(bias).detach(), Number.Of(1))));
        var found = Results(leaf => taking(new Product(leaf, new PendingBias(bias, some))));
        Assert.All(expected.Zip(found), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
    }
}
