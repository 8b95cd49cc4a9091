using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Attention;

/// <summary>Tensors that do not fit are refused with their sizes and with what helps, not by libtorch's words.</summary>
public class AttentionShapeTests
{
    [Fact]
    public void DotProduct_QueriesAndKeysOfDifferentSizes_NamesAdditiveScore()
    {
        const string Message = "query size 2, key size 4: the dot product needs equal sizes; use AdditiveScore.";
        using var score = new DotProductScore();
        using var pooling = new AttentionPooling(score);
        Refuses(Message, () => score.forward(randn(1, 3, 2), randn(1, 5, 4)));
        Refuses(Message, () => pooling.forward(randn(1, 3, 2), randn(1, 5, 4), randn(1, 5, 3)));
        Refuses(Message, () => pooling.Weights(randn(1, 3, 2), randn(1, 5, 4)));
        Refuses(Message, () => ScaledDotProductAttention.Apply(randn(1, 3, 2), randn(1, 5, 4), randn(1, 5, 3)));
        Refuses(Message, () => ScaledDotProductAttention.Weights(randn(1, 3, 2), randn(1, 5, 4)));
    }

    [Fact]
    public void KernelScore_QueriesAndKeysOfDifferentSizes_Throws()
    {
        using var score = new KernelScore();
        Refuses("query size 2, key size 4: a distance needs equal sizes", () => score.forward(randn(1, 3, 2), randn(1, 5, 4)));
    }

    [Fact]
    public void AdditiveAttention_SizesThatItWasNotMadeFor_NamesBoth()
    {
        using var attention = new AdditiveAttention(querySize: 2, keySize: 4, hiddenSize: 8);
        Refuses(
            "query size 3, key size 4: this score was made for queries of 2 and keys of 4",
            () => attention.forward(randn(1, 3, 3), randn(1, 5, 4), randn(1, 5, 6))
        );
        Refuses("query size 2, key size 5", () => attention.Weights(randn(1, 3, 2), randn(1, 5, 5)));
    }

    [Fact]
    public void Pooling_KeysWithoutValues_Throws()
    {
        using var pooling = new AttentionPooling(new DotProductScore());
        const string Message = "5 keys, 4 values: each key needs a value of its own";
        Refuses(Message, () => pooling.forward(randn(1, 3, 2), randn(1, 5, 2), randn(1, 4, 2)));
        Refuses(Message, () => ScaledDotProductAttention.Apply(randn(1, 3, 2), randn(1, 5, 2), randn(1, 4, 2)));
    }

    [Fact]
    public void Pooling_BatchesOfDifferentSizes_Throws()
    {
        using var pooling = new AttentionPooling(new DotProductScore());
        Refuses("query [2, 3, 4], key [3, 5, 4]: side 0 differs, 2 and 3", () => pooling.Weights(randn(2, 3, 4), randn(3, 5, 4)));
        Refuses("key [2, 5, 4], value [3, 5, 4]", () => pooling.forward(randn(2, 3, 4), randn(2, 5, 4), randn(3, 5, 4)));
        // One batch row of keys serves all queries.
        using var scope = NewDisposeScope();
        Assert.Equal([2, 3, 6], pooling.forward(randn(2, 3, 4), randn(1, 5, 4), randn(1, 5, 6)).shape);
    }

    [Fact]
    public void Pooling_NotABatch_SaysHowToMakeOne()
    {
        using var pooling = new AttentionPooling(new DotProductScore());
        Refuses("query [4], key [5, 4]", () => pooling.Weights(randn(4), randn(5, 4)));
        Refuses("unsqueeze(0) makes a batch of one", () => pooling.Weights(randn(3, 4), randn(1, 5, 4)));
        Refuses("it is [B, T, K], or [B, H, T, K]", () => ScaledDotProductAttention.Apply(randn(3, 4), randn(5, 4), randn(5, 4)));
    }

    [Fact]
    public void Pooling_WholeNumbersOrTwoTypes_Throws()
    {
        using var pooling = new AttentionPooling(new DotProductScore());
        Refuses("query is made of Int64", () => pooling.Weights(ones(1, 3, 4, dtype: int64), ones(1, 5, 4, dtype: int64)));
        Refuses("The query is Float32, the key Float64", () => pooling.Weights(randn(1, 3, 4), randn(1, 5, 4, dtype: float64)));
    }

    [Theory]
    [InlineData(3, 3, 5)]
    [InlineData(2, 4, 5)]
    [InlineData(2, 3, 6)]
    public void Attention_MaskOfAnotherShape_NamesBoth(long batch, long queries, long keys)
    {
        using var multiHead = new MultiHeadAttention(4, 2);
        using var pooling = new AttentionPooling(new DotProductScore());
        using var scope = NewDisposeScope();
        var mask = AttentionMask.FromBoolean(ones(batch, queries, keys, dtype: ScalarType.Bool));
        var (q, k) = (randn(2, 3, 4), randn(2, 5, 4));
        var message = $"mask [{batch}, {queries}, {keys}] for [2, 3, 5]";
        Refuses(message, () => pooling.forward(q, k, k, mask));
        Refuses(message, () => ScaledDotProductAttention.Apply(q, k, k, mask));
        Refuses(message, () => multiHead.forward(q, k, k, mask));
        Refuses(message, () => MaskedSoftmax.Apply(randn(2, 3, 5), mask.And(AttentionMask.Causal)));
        Refuses(
            "mask [2, 1, 7] for [2, 3, 5]",
            () =>
                AttentionMask
                    .FromBoolean(ones(2, 1, 7, dtype: ScalarType.Bool))
                    .And(AttentionMask.FromBoolean(ones(2, 3, 5, dtype: ScalarType.Bool)))
        );
    }

    [Fact]
    public void FromLengths_NegativeOrBroken_Throws()
    {
        using var scope = NewDisposeScope();
        Refuses("A length is -1", () => AttentionMask.FromLengths(tensor(new long[] { 3, -1 }), 4));
        Refuses("Int64, not Float32", () => AttentionMask.FromLengths(tensor(new[] { 3f }), 4));
    }

    [Fact]
    public void MultiHeadAttention_TensorsOfOtherSizes_NamesEach()
    {
        using var attention = new MultiHeadAttention(6, 3);
        Refuses(
            "query [2, 3, 5]: this layer was made for [batch, length, 6]",
            () => attention.forward(randn(2, 3, 5), randn(2, 4, 6), randn(2, 4, 6))
        );
        Refuses("key [2, 4, 7]", () => attention.forward(randn(2, 3, 6), randn(2, 4, 7), randn(2, 4, 6)));
        Refuses("value [4, 6]", () => attention.forward(randn(2, 3, 6), randn(2, 4, 6), randn(4, 6)));
        Refuses("4 keys, 5 values", () => attention.forward(randn(2, 3, 6), randn(2, 4, 6), randn(2, 5, 6)));
        Refuses("query [2, 3, 6], key [3, 4, 6]", () => attention.Weights(randn(2, 3, 6), randn(3, 4, 6)));
        using var self = new SelfAttention(6);
        Refuses("[3, 5]", () => self.forward(randn(3, 5)));
        using var cache = new KeyValueCache();
        attention.AttendStep(randn(2, 1, 6), cache).Dispose();
        Refuses("this cache keeps 2 rows of 3 heads", () => attention.AttendStep(randn(3, 1, 6), cache));
    }

    [Fact]
    public void MultiHeadSizes_UnequalHeadsForADotProduct_NamesTheScoreToGive() =>
        Refuses(
            "QueryHead 3, KeyHead 2: the dot product needs equal sizes; give a score that does not, such as new AdditiveScore(3, 2",
            () =>
                new MultiHeadAttention(
                    new MultiHeadSizes
                    {
                        Query = 4,
                        Key = 4,
                        Value = 4,
                        Heads = 2,
                        QueryHead = 3,
                        KeyHead = 2,
                        ValueHead = 2,
                        Output = 4,
                    }
                )
        );

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void Dropout_NoShare_Throws(double dropout)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new MultiHeadAttention(4, 2, dropout));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AdditiveAttention(2, 2, 2, dropout));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            ScaledDotProductAttention.Apply(randn(1, 1, 1), randn(1, 1, 1), randn(1, 1, 1), null, dropout)
        );
    }

    [Fact]
    public void KernelScore_NoSharpnessOrNothingToLearn_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new KernelScore(sharpness: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NadarayaWatson(double.NaN));
        Refuses("A Boxcar kernel has no slope", () => new KernelScore(Kernel.Boxcar, learned: true));
    }

    [Fact]
    public void NadarayaWatson_Vectors_NamesPoolingInstead()
    {
        using var regression = new NadarayaWatson();
        Refuses("use AttentionPooling with a KernelScore", () => regression.forward(randn(3, 2), randn(4), randn(4)));
        Refuses("4 keys, 5 values", () => regression.forward(randn(3), randn(4), randn(5)));
    }

    [Fact]
    public void Positions_OtherWidthOrBeforeTheFirst_Throws()
    {
        using var sinusoidal = new SinusoidalEncoding(6);
        using var learned = new LearnedEncoding(4, 6);
        using var rotary = new RotaryEncoding(6);
        Refuses("embeddings_BTD [2, 3, 5]: this layer was made for [batch, length, 6]", () => sinusoidal.forward(randn(2, 3, 5)));
        Refuses("embeddings_BTD [3, 6]", () => learned.forward(randn(3, 6)));
        Refuses("4 tokens, not for 5", () => learned.forward(randn(1, 5, 6)));
        Refuses("heads [2, 3, 4, 8]: these positions were made for [B, H, T, 6]", () => rotary.forward(randn(2, 3, 4, 8)));
        Assert.Throws<ArgumentOutOfRangeException>(() => learned.Positions(-1, 2, CPU));
        Assert.Throws<ArgumentOutOfRangeException>(() => sinusoidal.Positions(-1, 2, CPU));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SinusoidalEncoding(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LearnedEncoding(4, 0));
    }

    [Fact]
    public void Attention_NoKeysAtAll_GivesZerosAsWithAMask()
    {
        using var scope = NewDisposeScope();
        using var pooling = new AttentionPooling(new DotProductScore());
        var (q, none) = (randn(2, 3, 4), randn(2, 0, 4));
        Assert.Equal(0, pooling.forward(q, none, none).abs().max().item<float>());
        Assert.Equal([2, 3, 0], pooling.Weights(q, none).shape);
        Assert.Equal(0, ScaledDotProductAttention.Apply(q, none, none).abs().max().item<float>());
    }

    private static void Refuses(string message, Func<object> action)
    {
        using var scope = NewDisposeScope();
        var error = Assert.ThrowsAny<ArgumentException>(action);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
