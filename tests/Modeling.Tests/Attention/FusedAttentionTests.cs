using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Attention;

/// <summary>Attention as one operation beside the same as single operations of libtorch.</summary>
public class FusedAttentionTests
{
    // Head widths and numbers of keys that fill vectors of 16, and that do not.
    [Theory]
    [InlineData(32, 4, 5, 0)]
    [InlineData(32, 2, 16, 0.1)]
    [InlineData(36, 3, 19, 0.3)]
    [InlineData(6, 2, 1, 0.5)]
    [InlineData(64, 1, 40, 0.1)]
    public void Self_IsThatOfSingleOperationsAndItsGradients(int width, int heads, int length, double dropout)
    {
        using var scope = NewDisposeScope();
        foreach (var mask in new[] { AttentionMask.None, AttentionMask.Causal, Lengths(length), Lengths(length).And(AttentionMask.Causal) })
        {
            AssertSame(width, heads, dropout, 1e-5, (length, null), mask);
        }
    }

    [Theory]
    [InlineData(32, 4, 5, 7, 0.1)]
    [InlineData(24, 2, 17, 3, 0)]
    [InlineData(6, 2, 1, 33, 0.3)]
    public void Memory_IsThatOfSingleOperationsAndItsGradients(int width, int heads, int queries, int keys, double dropout)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var any = AttentionMask.FromBoolean(rand(Rows, queries, keys, generator: generator).gt(Number.Of(0.5)));
        var ofQueries = AttentionMask.FromBoolean(rand(queries, keys, generator: generator).gt(Number.Of(0.5)));
        foreach (var mask in new[] { AttentionMask.None, Lengths(keys), any, ofQueries })
        {
            AssertSame(width, heads, dropout, 1e-5, (queries, keys), mask);
        }
    }

    [Fact]
    public void Rounded_IsThatOfSingleOperationsToWithinTheRounding()
    {
        using var scope = NewDisposeScope();
        using var precision = Autocast.Enable("bfloat16");
        AssertSame(64, 4, 0.1, 0.03, (19, null), Lengths(19));
        AssertSame(64, 4, 0.1, 0.03, (9, 20), Lengths(20));
    }

    [Fact]
    public void Threads_DoNotChangeABit()
    {
        using var scope = NewDisposeScope();
        var before = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = Results(48, 3, 0.2, (21, null), Lengths(21), isFused: true);
            set_num_threads(3);
            var three = Results(48, 3, 0.2, (21, null), Lengths(21), isFused: true);
            Assert.All(one.Zip(three), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void Values_ThatAreNoNumbers_StayNone()
    {
        using var scope = NewDisposeScope();
        using var layer = new MultiHeadAttention(8, 2);
        var memory = ones(1, 3, 8);
        Assert.False(layer.forward(ones(1, 2, 8), memory, memory).isnan().any().item<bool>());
        Assert.True(layer.forward(full([1, 2, 8], Number.Of(double.NaN)), memory, memory).isnan().all().item<bool>());
    }

    private const int Rows = 4;

    private static AttentionMask Lengths(int keys) =>
        AttentionMask.FromLengths(tensor(new long[] { keys, Math.Max(1, keys / 2), 0, 1 }), keys);

    private static void AssertSame(
        int width,
        int heads,
        double dropout,
        double tolerance,
        (int Queries, int? Keys) sides,
        AttentionMask mask
    )
    {
        var expected = Results(width, heads, dropout, sides, mask, isFused: false);
        var found = Results(width, heads, dropout, sides, mask, isFused: true);
        foreach (var (single, fused) in expected.Zip(found))
        {
            var difference = single.sub(fused).abs().max().item<float>();
            Assert.True(difference <= tolerance * Math.Max(1, single.abs().max().item<float>()), $"{difference} at {single.shape.Length}");
        }
    }

    /// <summary>The output, and the gradients of inputs and parameters.</summary>
    private static List<Tensor> Results(
        int width,
        int heads,
        double dropout,
        (int Queries, int? Keys) sides,
        AttentionMask mask,
        bool isFused
    )
    {
        manual_seed(11);
        // A recorder wants to see the weights, so that the operations are single ones.
        using var layer = new MultiHeadAttention(width, heads, dropout) { Recorder = isFused ? null : weights => weights.Dispose() };
        using (no_grad())
        {
            layer.parameters().Last().normal_();
        }
        var query = randn(Rows, sides.Queries, width).requires_grad_();
        var memory = sides.Keys is { } keys ? randn(Rows, keys, width).requires_grad_() : query;
        var factors = randn(Rows, sides.Queries, width);
        manual_seed(12);
        var result = layer.forward(query, memory, memory, mask);
        result.mul(factors).sum().backward();
        return [result, query.grad!, memory.grad!, .. layer.parameters().Select(parameter => parameter.grad!.DetachFromDisposeScope())];
    }
}
