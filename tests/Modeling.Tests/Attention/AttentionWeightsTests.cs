using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Attention;

/// <summary>Every mechanism shows the weights that it uses.</summary>
public class AttentionWeightsTests
{
    public static TheoryData<string> Masks => ["none", "causal", "lengths", "nothing"];

    [Theory]
    [MemberData(nameof(Masks))]
    public void AdditiveAttention_WeightsTimesValues_IsItsOutput(string mask)
    {
        using var scope = NewDisposeScope();
        using var attention = new AdditiveAttention(querySize: 2, keySize: 4, hiddenSize: 5);
        var (query, key, value) = (randn(2, 3, 2), randn(2, 4, 4), randn(2, 4, 6));
        var weights = attention.Weights(query, key, Mask(mask));
        Assert.Equal([2, 3, 4], weights.shape);
        Assert.True(weights.matmul(value).allclose(attention.forward(query, key, value, Mask(mask)), 1e-5, 1e-6));
    }

    [Theory]
    [MemberData(nameof(Masks))]
    public void ScaledDotProductAttention_WeightsTimesValues_IsItsOutput(string mask)
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = (randn(2, 3, 4), randn(2, 4, 4), randn(2, 4, 6));
        var weights = ScaledDotProductAttention.Weights(query, key, Mask(mask));
        Assert.True(weights.matmul(value).allclose(ScaledDotProductAttention.Apply(query, key, value, Mask(mask)), 1e-5, 1e-6));
    }

    [Theory]
    [MemberData(nameof(Masks))]
    public void MultiHeadAttention_Weights_AreWhatTheRecorderGets(string mask)
    {
        using var scope = NewDisposeScope();
        using var uniform = new MultiHeadAttention(6, 3);
        using var additive = new MultiHeadAttention(
            new MultiHeadSizes
            {
                Query = 6,
                Key = 6,
                Value = 6,
                Heads = 3,
                QueryHead = 2,
                KeyHead = 4,
                ValueHead = 5,
                Output = 7,
            },
            score: new AdditiveScore(2, 4, 8)
        );
        foreach (var attention in new[] { uniform, additive })
        {
            Tensor? recorded = null;
            attention.Recorder = weights => recorded = weights;
            var (query, key) = (randn(2, 3, 6), randn(2, 4, 6));
            attention.forward(query, key, key, Mask(mask));
            var weights = attention.Weights(query, key, Mask(mask));
            Assert.Equal([2, 3, 3, 4], weights.shape);
            // The recorder's copy outlives the call, whose own tensors are gone.
            Assert.True(recorded!.allclose(weights, 1e-5, 1e-6));
            Assert.False(recorded.requires_grad);
            recorded.Dispose();
        }
    }

    [Fact]
    public void SelfAttention_OneHeadWithUnitProjections_AddsUpTheSequenceByItsWeights()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var attention = new SelfAttention(4);
        foreach (var (name, parameter) in attention.named_parameters())
        {
            parameter.copy_(
                name.EndsWith("bias", StringComparison.Ordinal) ? zeros_like(parameter) : eye(4).repeat(parameter.shape[0] / 4, 1)
            );
        }
        var x = randn(2, 3, 4);
        foreach (var mask in new[] { "none", "causal" })
        {
            var weights = attention.Weights(x, Mask(mask));
            Assert.Equal([2, 1, 3, 3], weights.shape);
            var expected = x.div(2).matmul(x.transpose(1, 2));
            expected = mask == "causal" ? expected.add(full(3, 3, float.NegativeInfinity).triu(1)) : expected;
            Assert.True(weights.squeeze(1).allclose(expected.softmax(-1), 1e-5, 1e-6));
            Assert.True(attention.forward(x, Mask(mask)).allclose(weights.squeeze(1).matmul(x), 1e-5, 1e-6));
        }
    }

    [Fact]
    public void SelfAttention_TokensPermuted_PermutesItsOutput()
    {
        using var scope = NewDisposeScope();
        using var attention = new SelfAttention(6, heads: 2);
        var (x, order) = (randn(2, 5, 6), tensor(new long[] { 3, 0, 4, 2, 1 }));
        Assert.True(attention.forward(x.index_select(1, order)).allclose(attention.forward(x).index_select(1, order), 1e-5, 1e-6));
    }

    private static AttentionMask? Mask(string name) =>
        name switch
        {
            "none" => null,
            "causal" => AttentionMask.Causal,
            "lengths" => AttentionMask.FromLengths(tensor(new long[] { 2, 0 }), 4),
            _ => AttentionMask.FromBoolean(zeros(2, 3, 4, dtype: ScalarType.Bool)),
        };
}
