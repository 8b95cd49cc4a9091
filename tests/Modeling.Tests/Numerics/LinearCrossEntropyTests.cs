using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public class LinearCrossEntropyTests
{
    private const long Ignored = 0;
    private const long OneChunk = 1 << 20;

    // Vocabularies that fill vectors of 16, and that do not.
    [Theory]
    [InlineData(32, 0, OneChunk)]
    [InlineData(37, 0.1, OneChunk)]
    [InlineData(5, 0.1, OneChunk)]
    [InlineData(37, 0.1, 3 * 37)]
    [InlineData(37, 0.3, 1)]
    public void Apply_Float32_IsTheLossOfLibtorchAndItsGradients(int vocabulary, double smoothing, long mostScores)
    {
        using var scope = NewDisposeScope();
        var (hidden_ND, weight_VD, labels_N) = Numbers(vocabulary);
        var expected = Gradients(hidden_ND, weight_VD, (h, w) => Plain(h, w, labels_N, smoothing));
        var found = Gradients(hidden_ND, weight_VD, (h, w) => Fused(h, w, labels_N, smoothing, mostScores));
        Assert.All(expected.Zip(found), pair => AssertClose(pair.First, pair.Second, 2e-6));
        using var noGradients = no_grad();
        var alone = Fused(hidden_ND, weight_VD, labels_N, smoothing, mostScores);
        Assert.Equal(found[0].item<float>(), alone.item<float>());
    }

    [Theory]
    [InlineData(OneChunk)]
    [InlineData(4 * 37)]
    public void Apply_BFloat16_IsThatOfRoundedProducts(long mostScores)
    {
        using var scope = NewDisposeScope();
        using var precision = Autocast.Enable("bfloat16");
        var (hidden_ND, weight_VD, labels_N) = Numbers(37);
        var expected = Gradients(hidden_ND, weight_VD, (h, w) => Plain(h, w, labels_N, 0.1));
        var found = Gradients(hidden_ND, weight_VD, (h, w) => Fused(h, w, labels_N, 0.1, mostScores));
        // The loss of the same rounded scores; gradients are rounded before they are scaled.
        AssertClose(expected[0], found[0], 2e-6);
        Assert.All(expected.Zip(found), pair => AssertClose(pair.First, pair.Second, 1.0 / 128));
    }

    [Fact]
    public void Apply_GreatScores_NeitherOverflowNorVanish()
    {
        using var scope = NewDisposeScope();
        var weight_VD = tensor(new[] { -3e4f, 3e4f, 2.9e4f, 0 }, new long[] { 4, 1 });
        var labels_N = tensor(new long[] { 1, 2 });
        var loss = LinearCrossEntropy.Apply(ones(2, 1), weight_VD, labels_N, Ignored, 0);
        Assert.Equal(1e3f, loss.item<float>());
    }

    [Fact]
    public void Apply_ScoresThatAreNoNumbers_GiveNone()
    {
        using var scope = NewDisposeScope();
        var hidden_ND = full([1, 3], Number.Of(double.NaN));
        Assert.True(float.IsNaN(LinearCrossEntropy.Apply(hidden_ND, ones(20, 3), ones([1], int64), Ignored, 0.1).item<float>()));
    }

    [Fact]
    public void Apply_OnlyIgnoredRows_HaveNoLossAndNoGradient()
    {
        using var scope = NewDisposeScope();
        var (hidden_ND, weight_VD, _) = Numbers(20);
        var labels_N = zeros([hidden_ND.shape[0]], int64);
        var found = Gradients(hidden_ND, weight_VD, (h, w) => LinearCrossEntropy.Apply(h, w, labels_N, Ignored, 0.1));
        Assert.All(found, tensor => Assert.Equal(0, tensor.abs().sum().item<float>()));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(20)]
    public void Apply_LabelOutsideTheVocabulary_IsRefused(long label)
    {
        using var scope = NewDisposeScope();
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() =>
            LinearCrossEntropy.Apply(ones(1, 3), ones(20, 3), tensor(new[] { label }), Ignored, 0)
        );
        Assert.Contains("one of 20 tokens", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(32, 0, 1, OneChunk)]
    [InlineData(37, 0.1, 3, OneChunk)]
    [InlineData(5, 0.1, 0, OneChunk)]
    [InlineData(37, 0.1, 5, 2 * 3 * 37)]
    [InlineData(37, 0.3, 1, 1)]
    public void Apply_Twice_Float32_IsTheLossOfLibtorchAndItsGradients(int vocabulary, double smoothing, double weight, long mostScores)
    {
        using var scope = NewDisposeScope();
        var (hidden_ND, weight_VD, labels_N) = Numbers(vocabulary);
        using var generator = new Generator(4);
        var hidden_2ND = stack([hidden_ND, hidden_ND.add(randn(hidden_ND.shape, generator: generator), Number.Of(0.3))], 0);
        var options = new LinearCrossEntropy.LossOptions(Ignored, smoothing, weight);
        var expected = Gradients(hidden_2ND, weight_VD, (h, w) => LinearCrossEntropy.WithLibtorch(h, w, labels_N, options));
        var found = Gradients(hidden_2ND, weight_VD, (h, w) => LinearCrossEntropy.Apply(h, w, labels_N, options, mostScores: mostScores));
        Assert.All(expected.Zip(found), pair => AssertClose(pair.First, pair.Second, 3e-6));
        using var noGradients = no_grad();
        var alone = LinearCrossEntropy.Apply(hidden_2ND, weight_VD, labels_N, options, mostScores: mostScores);
        Assert.Equal(found[0].item<float>(), alone.item<float>());
    }

    [Fact]
    public void Apply_Twice_BFloat16_IsThatOfRoundedProducts()
    {
        using var scope = NewDisposeScope();
        using var precision = Autocast.Enable("bfloat16");
        var (hidden_ND, weight_VD, labels_N) = Numbers(37);
        using var generator = new Generator(4);
        var hidden_2ND = stack([hidden_ND, hidden_ND.add(randn(hidden_ND.shape, generator: generator), Number.Of(0.3))], 0);
        var options = new LinearCrossEntropy.LossOptions(Ignored, 0.1, 2);
        var expected = Gradients(hidden_2ND, weight_VD, (h, w) => LinearCrossEntropy.WithLibtorch(h, w, labels_N, options));
        var found = Gradients(hidden_2ND, weight_VD, (h, w) => LinearCrossEntropy.Apply(h, w, labels_N, options));
        AssertClose(expected[0], found[0], 3e-6);
        Assert.All(expected.Zip(found), pair => AssertClose(pair.First, pair.Second, 1.0 / 128));
    }

    [Fact]
    public void Apply_Twice_EqualPasses_IsTheLossOfOne()
    {
        using var scope = NewDisposeScope();
        var (hidden_ND, weight_VD, labels_N) = Numbers(37);
        var one = LinearCrossEntropy.Apply(hidden_ND, weight_VD, labels_N, Ignored, 0.1).item<float>();
        var two = LinearCrossEntropy.Apply(stack([hidden_ND, hidden_ND], 0), weight_VD, labels_N, new(Ignored, 0.1, 5));
        Assert.Equal(one, two.item<float>(), 1e-5 * one);
    }

    [Fact]
    public void Apply_Twice_ScoresThatAreNoNumbers_GiveNone()
    {
        using var scope = NewDisposeScope();
        var hidden_2ND = stack([ones(1, 3), full([1, 3], Number.Of(double.NaN))], 0);
        var loss = LinearCrossEntropy.Apply(hidden_2ND, ones(20, 3), ones([1], int64), new(Ignored, 0.1, 1));
        Assert.True(float.IsNaN(loss.item<float>()));
    }

    private static Tensor Fused(Tensor hidden_ND, Tensor weight_VD, Tensor labels_N, double smoothing, long mostScores) =>
        LinearCrossEntropy.Apply(hidden_ND.unsqueeze(0), weight_VD, labels_N, new(Ignored, smoothing), mostScores: mostScores);

    private static (Tensor Hidden_ND, Tensor Weight_VD, Tensor Labels_N) Numbers(int vocabulary)
    {
        const int Rows = 11;
        using var generator = new Generator(3);
        var hidden_ND = randn([Rows, 8], generator: generator);
        var weight_VD = randn([vocabulary, 8], generator: generator);
        var labels_N = tensor(Enumerable.Range(0, Rows).Select(row => (long)(7 * row % vocabulary)).ToArray());
        return (hidden_ND, weight_VD, labels_N);
    }

    private static Tensor Plain(Tensor hidden_ND, Tensor weight_VD, Tensor labels_N, double smoothing) =>
        nn.functional.cross_entropy(
            Autocast.Linear(hidden_ND, weight_VD),
            labels_N,
            ignore_index: Ignored,
            reduction: nn.Reduction.Sum,
            label_smoothing: smoothing
        );

    /// <summary>The loss, and the gradients of a third of it.</summary>
    private static Tensor[] Gradients(Tensor hidden_ND, Tensor weight_VD, Func<Tensor, Tensor, Tensor> loss)
    {
        var (h, w) = (hidden_ND.detach().clone().requires_grad_(), weight_VD.detach().clone().requires_grad_());
        var value = loss(h, w);
        value.div(Number.Of(3)).backward();
        return [value, h.grad!, w.grad!];
    }

    private static void AssertClose(Tensor expected, Tensor found, double tolerance)
    {
        var greatest = expected.abs().max().item<float>();
        Assert.True(
            expected.sub(found).abs().max().item<float>() <= tolerance * greatest,
            $"{expected.ToString(TorchSharp.TensorStringStyle.Julia)} {found.ToString(TorchSharp.TensorStringStyle.Julia)}"
        );
    }
}
