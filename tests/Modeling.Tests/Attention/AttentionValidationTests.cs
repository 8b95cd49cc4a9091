using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Attention;

public class AttentionValidationTests
{
    [Fact]
    public void FromBoolean_NumbersInsteadOfBooleans_Throws()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => AttentionMask.FromBoolean(ones(3)));
        Assert.Throws<ArgumentException>(() => AttentionMask.FromBoolean(ones(new long[] { 1, 1, 1, 1 }, ScalarType.Bool)));
    }

    [Fact]
    public void FromLengths_WrongDimensions_Throws()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => AttentionMask.FromLengths(zeros(new long[] { 1, 1, 1 }, ScalarType.Int64), 3));
    }

    [Fact]
    public void FromLengths_AllRowsFull_MasksNothing()
    {
        using var scope = NewDisposeScope();
        Assert.Null(AttentionMask.FromLengths(tensor(new long[] { 4, 5 }), 4).Allowed_BTS);
        Assert.NotNull(AttentionMask.FromLengths(tensor(new long[] { 4, 3 }), 4).Allowed_BTS);
    }

    [Fact]
    public void MultiHeadAttention_WidthThatHeadsDoNotDivide_Throws()
    {
        var error = Assert.Throws<ArgumentException>(() => new MultiHeadAttention(10, 3));
        Assert.Contains("The width 10 cannot be divided among 3 heads", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MultiHeadAttention_DotProductOfUnequalHeads_ThrowsButAnAdditiveScoreTakesThem()
    {
        using var scope = NewDisposeScope();
        var sizes = new MultiHeadSizes
        {
            Query = 4,
            Key = 5,
            Value = 6,
            Heads = 2,
            QueryHead = 3,
            KeyHead = 2,
            ValueHead = 7,
            Output = 9,
        };
        Assert.Throws<ArgumentException>(() => new MultiHeadAttention(sizes));
        using var attention = new MultiHeadAttention(sizes, score: new AdditiveScore(3, 2, 8));
        Assert.Equal([2, 3, 9], attention.forward(randn(2, 3, 4), randn(2, 5, 5), randn(2, 5, 6)).shape);
    }

    [Fact]
    public void RotaryEncoding_OddWidth_Throws() => Assert.Throws<ArgumentException>(() => new RotaryEncoding(7));

    [Fact]
    public void NadarayaWatson_LearnedSharpness_LearnsTheOneThatFits()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        // A fast wave, sampled densely: the narrow kernel follows it, the wide one flattens it.
        var x = linspace(0, 6, 60);
        var y = x.mul(4).sin();
        using var regression = new NadarayaWatson(sharpness: 1, learned: true);
        var (even, odd) = (arange(0, 60, 2, ScalarType.Int64), arange(1, 60, 2, ScalarType.Int64));
        var (examples, values, queries, wanted) = (
            x.index_select(0, even),
            y.index_select(0, even),
            x.index_select(0, odd),
            y.index_select(0, odd)
        );
        var before = Error();
        var sharpness = regression.parameters().Single();
        for (var step = 0; step < 60; step++)
        {
            using var stepScope = NewDisposeScope();
            regression.forward(queries, examples, values).sub(wanted).pow(2).mean().backward();
            using (no_grad())
            {
                sharpness.sub_(sharpness.grad!.mul(5));
            }
            sharpness.grad = null;
        }
        Assert.True(Error() < before / 10, $"{before} → {Error()}");

        double Error() => regression.forward(queries, examples, values).sub(wanted).pow(2).mean().item<float>();
    }
}
