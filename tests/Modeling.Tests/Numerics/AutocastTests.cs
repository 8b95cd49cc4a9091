using System.Text.Json.Nodes;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public sealed class AutocastTests
{
    // bfloat16 keeps 8 bits: a number is off by at most 2⁻⁸ of itself, and over a whole tensor by less.
    private const double Rounding = 1.0 / 256;

    [Fact]
    public void Linear_Bfloat16_IsTheProductOfRoundedFactorsInFloat32()
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = Factors();
        var exact = Autocast.Linear(x, weight, bias);
        using (Autocast.Enable("bfloat16"))
        {
            var rounded = Autocast.Linear(x, weight, bias);
            Assert.Equal(ScalarType.Float32, rounded.dtype);
            Assert.NotEqual(0, Distance(exact, rounded));
            Assert.True(Distance(exact, rounded) < 2 * Rounding, $"{Distance(exact, rounded)}");
        }

        Assert.Equal(0, Distance(exact, Autocast.Linear(x, weight, bias)));
    }

    [Fact]
    public void Linear_Bfloat16_GivesGradientsInFloat32CloseToTheExactOnes()
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = Factors();
        Tensor[] Gradients(string precision)
        {
            using var enabled = Autocast.Enable(precision);
            Tensor[] leaves = [.. new[] { x, weight, bias }.Select(leaf => leaf.detach().clone().requires_grad_())];
            Autocast.Linear(leaves[0], leaves[1], leaves[2]).square().sum().backward();
            return [.. leaves.Select(leaf => leaf.grad!)];
        }

        foreach (var (exact, rounded) in Gradients("float32").Zip(Gradients("bfloat16")))
        {
            Assert.Equal(ScalarType.Float32, rounded.dtype);
            Assert.True(Distance(exact, rounded) < 4 * Rounding, $"{Distance(exact, rounded)}");
        }
    }

    // Alone, and added to what is there: of all rows, and of some.
    [Theory]
    [InlineData(0, 19, false)]
    [InlineData(0, 19, true)]
    [InlineData(5, 9, false)]
    [InlineData(5, 9, true)]
    public void Product_HasTheBitsOfLibtorchsOperations(long first, long count, bool added)
    {
        using var scope = NewDisposeScope();
        using var enabled = Autocast.Enable("bfloat16");
        var (x, weight, bias) = Factors();
        var factors = randn(3, 7, count).to(ScalarType.BFloat16);
        Tensor[] Results(Func<Tensor, Tensor, Tensor, Tensor> linear)
        {
            Tensor[] leaves = [.. new[] { x, weight, bias }.Select(leaf => nn.Parameter(leaf.clone()))];
            if (added)
            {
                foreach (var leaf in leaves)
                {
                    leaf.grad = leaf.detach().sin();
                }
            }
            var result = linear(leaves[0], leaves[1], leaves[2]);
            result.mul(factors).sum().backward();
            return [result, .. leaves.Select(leaf => leaf.grad!)];
        }

        Tensor Rounded(Tensor all) => all.narrow(0, first, count).to(ScalarType.BFloat16);
        // Where oneDNN has no kernels, numbers that are rounded are multiplied in float32.
        var type = RoundedMatrices.HasKernels ? ScalarType.BFloat16 : ScalarType.Float32;
        var expected = Results(
            (a, w, b) =>
                nn.functional.linear(a.to(ScalarType.BFloat16).to(type), Rounded(w).to(type), Rounded(b).to(type)).to(ScalarType.BFloat16)
        );
        var found = Results((a, w, b) => Autocast.Product(a, w, b, new(first, count), mayPend: false).Value);
        Assert.All(expected.Zip(found).Take(3), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        Assert.True(Distance(expected[3], found[3]) < Rounding);
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void Loss_Bfloat16_IsCloseToTheExactOneAndRestoresPrecision(string kind)
    {
        using var scope = NewDisposeScope();
        using var model = ModelFactory.Create(
            ModelOptions.FromJson(
                new JsonObject
                {
                    ["kind"] = kind,
                    ["dModel"] = 32,
                    ["heads"] = 2,
                    ["layers"] = 2,
                    ["feedForward"] = 48,
                    ["dropout"] = 0,
                }
            ),
            40,
            3
        );
        double Loss() =>
            model
                .Loss(arange(4, 34).view(5, 6), full(5, 6L, ScalarType.Int64), arange(4, 39).view(5, 7), arange(5, 40).view(5, 7), 0.1)
                .item<float>();
        var exact = Loss();
        double rounded;
        using (Autocast.Enable("bfloat16"))
        {
            rounded = Loss();
        }
        Assert.NotEqual(exact, rounded);
        Assert.Equal(exact, rounded, 0.01 * exact);
        Assert.Equal(exact, Loss());
    }

    [Fact]
    public void Enable_UnknownPrecision_NamesItAndTheChoices()
    {
        var error = Assert.Throws<ArgumentException>(() => Autocast.Enable("int3"));
        Assert.Contains("training.precision 'int3'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'bfloat16'", error.Message, StringComparison.Ordinal);
    }

    private static (Tensor X, Tensor Weight, Tensor Bias) Factors()
    {
        manual_seed(5);
        return (randn(3, 7, 33), randn(19, 33), randn(19));
    }

    private static double Distance(Tensor expected, Tensor actual) =>
        (expected - actual).abs().max().item<float>() / (double)expected.abs().max().item<float>();
}
