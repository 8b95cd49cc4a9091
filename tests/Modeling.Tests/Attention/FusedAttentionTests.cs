using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Attention;

/// <summary>Attention of packed sentences as one operation, beside that of a padded rectangle as single operations of libtorch.</summary>
public class FusedAttentionTests
{
    // Head widths and numbers of keys that fill vectors of 16, and that do not; sentences of no length.
    [Theory]
    [InlineData(32, 4, new[] { 5, 1, 3, 0 }, true)]
    [InlineData(32, 2, new[] { 16, 17, 15 }, false)]
    [InlineData(36, 3, new[] { 19, 2 }, true)]
    [InlineData(6, 2, new[] { 1, 1 }, false)]
    [InlineData(64, 1, new[] { 40, 33, 64 }, true)]
    public void Self_IsThatOfSingleOperationsAndItsGradients(int width, int heads, int[] lengths, bool isCausal)
    {
        using var scope = NewDisposeScope();
        AssertSame(new(width, heads, lengths, null, isCausal), 1e-5);
    }

    [Theory]
    [InlineData(32, 4, new[] { 5, 2, 4 }, new[] { 7, 20, 0 })]
    [InlineData(24, 2, new[] { 17, 0 }, new[] { 3, 3 })]
    [InlineData(6, 2, new[] { 1, 1, 1 }, new[] { 33, 16, 1 })]
    public void Memory_IsThatOfSingleOperationsAndItsGradients(int width, int heads, int[] queries, int[] keys)
    {
        using var scope = NewDisposeScope();
        AssertSame(new(width, heads, queries, keys), 1e-5);
    }

    // Pairs of features that fill vectors of 8, and that do not.
    [Theory]
    [InlineData(32, 2, new[] { 5, 1, 3, 0 }, null, true)]
    [InlineData(24, 2, new[] { 17, 33 }, null, false)]
    [InlineData(60, 3, new[] { 4, 9 }, new[] { 20, 2 }, false)]
    public void Rotary_IsThatOfSingleOperationsAndItsGradients(int width, int heads, int[] queries, int[]? keys, bool isCausal)
    {
        using var scope = NewDisposeScope();
        AssertSame(new(width, heads, queries, keys, isCausal, IsRotary: true), 1e-5);
    }

    // Weights have the same numbers in both, and so the same are dropped, where all sentences are as long as the longest.
    [Theory]
    [InlineData(new[] { 9, 9, 9 }, null)]
    [InlineData(new[] { 17, 17 }, new[] { 5, 5 })]
    public void Dropout_DropsWhatSingleOperationsDrop(int[] queries, int[]? keys)
    {
        using var scope = NewDisposeScope();
        AssertSame(new(32, 4, queries, keys, keys is null, Dropout: 0.3), 1e-5);
    }

    [Fact]
    public void Rounded_IsThatOfSingleOperationsToWithinTheRounding()
    {
        using var scope = NewDisposeScope();
        using var precision = Autocast.Enable("bfloat16");
        AssertSame(new(64, 4, [19, 7], null), 0.03);
        AssertSame(new(64, 4, [9, 12], [20, 1]), 0.03);
    }

    [Fact]
    public void Threads_DoNotChangeABit()
    {
        using var scope = NewDisposeScope();
        var layer = new Setup(48, 3, [21, 4, 30], null, Dropout: 0.2);
        var before = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = Packed(layer);
            set_num_threads(3);
            Assert.All(one.Zip(Packed(layer)), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void Padding_AttendsToNothingAndHasNoGradient()
    {
        using var scope = NewDisposeScope();
        var rows = new PackedRows([3, 2], passes: 2);
        Assert.Equal(64, rows.Tokens);
        var projected = randn(1, 128, 12).requires_grad_();
        var result = FusedAttention.Apply(projected, 2, AttentionMask.Packed(rows, rows, isCausal: true), 0);
        result.sum().backward();
        bool[] isToken = [.. Enumerable.Range(0, 128).Select(row => row % 64 < 5)];
        foreach (var tensor in new[] { result, projected.grad! })
        {
            Assert.Equal(isToken, tensor.abs().sum(2).gt(Number.Of(0)).data<bool>().ToArray());
        }
    }

    [Fact]
    public void Values_ThatAreNoNumbers_StayNone()
    {
        using var scope = NewDisposeScope();
        var rows = new PackedRows([3, 2]);
        var projected = randn(1, 64, 12);
        projected.narrow(1, 0, 1).fill_(double.NaN);
        var result = FusedAttention.Apply(projected, 2, AttentionMask.Packed(rows, rows, isCausal: false), 0);
        Assert.True(result.narrow(1, 0, 3).isnan().all().item<bool>());
        Assert.False(result.narrow(1, 3, 2).isnan().any().item<bool>());
    }

    private sealed record Setup(
        int Width,
        int Heads,
        int[] Queries,
        int[]? Keys,
        bool IsCausal = false,
        double Dropout = 0,
        bool IsRotary = false
    );

    private static void AssertSame(Setup setup, double tolerance)
    {
        foreach (var (single, fused) in Padded(setup).Zip(Packed(setup)))
        {
            Assert.Equal(single.shape, fused.shape);
            var difference = single.sub(fused).abs().max().item<float>();
            Assert.True(difference <= tolerance * Math.Max(1, single.abs().max().item<float>()), $"{difference} at {single.shape.Length}");
        }
    }

    /// <summary>The output's tokens, and the gradients of the tokens and of the parameters.</summary>
    private static List<Tensor> Packed(Setup setup)
    {
        var queries = new PackedRows(setup.Queries);
        var keys = setup.Keys is null ? queries : new PackedRows(setup.Keys);
        Tensor Rows(Tensor tokens_ND, PackedRows rows) =>
            cat([tokens_ND, ones(rows.Tokens - tokens_ND.shape[0], setup.Width)], 0).unsqueeze(0);
        return Results(
            setup,
            (layer, x_ND, memory_MD) =>
            {
                var x = Rows(x_ND, queries);
                var memory = setup.Keys is null ? x : Rows(memory_MD, keys);
                var result = layer.RoundedForward(x, memory, memory, AttentionMask.Packed(queries, keys, setup.IsCausal));
                return result.Sum().squeeze(0).narrow(0, 0, x_ND.shape[0]).to(ScalarType.Float32);
            }
        );
    }

    private static List<Tensor> Padded(Setup setup)
    {
        static Tensor Rows(Tensor tokens_ND, int[] lengths)
        {
            var sides = new long[] { lengths.Length, lengths.Max(), tokens_ND.shape[1] };
            return zeros(sides).masked_scatter(IsToken(lengths).unsqueeze(2).expand(sides), tokens_ND);
        }
        var keys = setup.Keys ?? setup.Queries;
        var mask = AttentionMask.FromLengths(tensor(keys.Select(length => (long)length).ToArray()), keys.Max());
        return Results(
            setup,
            (layer, x_ND, memory_MD) =>
            {
                var x = Rows(x_ND, setup.Queries);
                var memory = setup.Keys is null ? x : Rows(memory_MD, keys);
                return layer.forward(x, memory, memory, setup.IsCausal ? mask.And(AttentionMask.Causal) : mask)[IsToken(setup.Queries)];
            }
        );
    }

    private static Tensor IsToken(int[] lengths) =>
        arange(lengths.Max()).lt(tensor(lengths.Select(length => (long)length).ToArray()).unsqueeze(1));

    private static List<Tensor> Results(Setup setup, Func<MultiHeadAttention, Tensor, Tensor, Tensor> forward)
    {
        manual_seed(11);
        using var rotary = setup.IsRotary ? new RotaryEncoding(setup.Width / setup.Heads) : null;
        using var layer = new MultiHeadAttention(setup.Width, setup.Heads, setup.Dropout) { Rotary = rotary };
        var x_ND = randn(setup.Queries.Sum(), setup.Width).requires_grad_();
        var memory_MD = setup.Keys is null ? x_ND : randn(setup.Keys.Sum(), setup.Width).requires_grad_();
        var factors = randn(x_ND.shape);
        manual_seed(12);
        var result = forward(layer, x_ND, memory_MD);
        result.mul(factors).sum().backward();
        return [result, x_ND.grad!, memory_MD.grad!, .. layer.parameters().Select(parameter => parameter.grad!.DetachFromDisposeScope())];
    }
}
