using static TorchSharp.torch;

namespace TrainingCluster.Worker.Tests.Fingerprints;

/// <summary>
/// Where operands begin in a cache line changes no bit. MKL promises that only in its strict mode, which the programs set before
/// libtorch is loaded.
/// </summary>
public sealed class AlignmentTests
{
    // The last two are added in another order without the strict mode.
    [Theory]
    [InlineData(112, 64, 36)]
    [InlineData(33, 1024, 255)]
    [InlineData(7, 13, 11)]
    [InlineData(1, 256, 6000)]
    public void Linear_OperandsAtAnyAddress_GivesTheSameBits(long rows, long inputs, long outputs)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var x = randn(rows, inputs);
        var weight = randn(outputs, inputs);
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            var expected = Product(x, 0, weight, 0, type);
            foreach (var xStart in (int[])[0, 1, 2, 3, 4, 7, 8, 15])
            {
                foreach (var weightStart in (int[])[0, 1, 4, 8, 15])
                {
                    Assert.Equal(expected, Product(x, xStart, weight, weightStart, type));
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(16)]
    public void Attention_OperandsAtAnyAddress_GivesTheSameBits(int start)
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        var x_BTHK = randn(5, 17, 2, 24);
        Assert.Equal(Attend(x_BTHK, 0), Attend(x_BTHK, start));
    }

    private static float[] Attend(Tensor x_BTHK, int start)
    {
        using var scope = NewDisposeScope();
        var x = At(x_BTHK, start, ScalarType.Float32).requires_grad_();
        var heads_BHTK = x.transpose(1, 2);
        var y = nn.functional.scaled_dot_product_attention(heads_BHTK, heads_BHTK, heads_BHTK, is_casual: true);
        y = nn.functional.layer_norm(y, [24]).softmax(-1);
        y.mul(y).sum().backward();
        return [.. Values(y), .. Values(x.grad!)];
    }

    private static float[] Product(Tensor x, int xStart, Tensor weight, int weightStart, ScalarType type)
    {
        using var scope = NewDisposeScope();
        return Values(nn.functional.linear(At(x, xStart, type), At(weight, weightStart, type)));
    }

    /// <summary>The same values, beginning so many elements after a multiple of 64 bytes.</summary>
    private static Tensor At(Tensor values, int start, ScalarType type)
    {
        var copy = empty(values.numel() + start, dtype: type).narrow(0, start, values.numel()).view(values.shape);
        using var plain = no_grad();
        return copy.copy_(values);
    }

    private static float[] Values(Tensor x) => x.to(ScalarType.Float32).contiguous().data<float>().ToArray();
}
