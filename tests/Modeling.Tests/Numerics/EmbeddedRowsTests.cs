using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

/// <summary>Embeddings as one operation, beside single operations of libtorch.</summary>
public class EmbeddedRowsTests
{
    private const int Width = 128;
    private const double Scale = 3;

    [Theory]
    [InlineData(0, true)]
    [InlineData(0.3, true)]
    [InlineData(0.3, false)]
    public void Apply_IsThatOfSingleOperationsAndItsGradient(double dropout, bool hasPositions)
    {
        using var scope = NewDisposeScope();
        long[] tokens = [4, 0, 6, 4, 4, 1];
        long[] positions = [0, 1, 2, 0, 1, 0];
        using var table = nn.Parameter(randn(7, Width));
        var encodings = hasPositions ? randn(5, Width) : null;
        var factors = randn(1, tokens.Length, Width);

        manual_seed(8);
        var embedded = table.index_select(0, tensor(tokens)).unsqueeze(0).mul(Number.Of(Scale));
        var summed = encodings is null ? embedded : embedded.add(encodings.index_select(0, tensor(positions)), Number.Of(1));
        var expected = CounterDropout.Apply(summed, dropout, training: true);
        expected.mul(factors).sum().backward();
        var gradient = table.grad!.clone();

        foreach (var there in (Tensor?[])[null, randn(7, Width)])
        {
            table.grad = there?.clone();
            manual_seed(8);
            var shared = new SharedGradient(() => table, parts: 1);
            var found = EmbeddedRows.Apply(table, tokens, shared, new(Scale, encodings, positions, dropout));
            found.mul(factors).sum().backward();
            AssertClose(expected, found);
            AssertClose(there is null ? gradient : gradient.add(there, Number.Of(1)), table.grad!);
        }
    }

    [Fact]
    public void Apply_TokenOutsideTheTable_IsRefused()
    {
        using var table = nn.Parameter(randn(7, Width));
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() =>
            EmbeddedRows.Apply(table, [3, 7], new SharedGradient(() => table, parts: 1), new(Scale, null, [0, 1], 0))
        );
        Assert.Contains("one of 7", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SharedGradient_PartsOfOneTable_ComeToItsGradientAsOneSum()
    {
        using var scope = NewDisposeScope();
        using var table = nn.Parameter(randn(7, Width));
        var left = randn(7, Width);
        // The sum of the parts is rounded before it is added to what is there.
        table.grad = left.clone();
        var shared = new SharedGradient(() => table, parts: 3);
        var whole = randn(7, Width);
        var expected = whole.clone();
        expected[2].add_(ones(Width), Number.Of(Scale)).add_(ones(Width), Number.Of(Scale));
        expected[5].add_(ones(Width), Number.Of(Scale));
        var some = EmbeddedRows.Apply(table, [2, 2], shared, new(Scale, null, [0, 0], 0));
        var more = EmbeddedRows.Apply(table, [5], shared, new(Scale, null, [0], 0));
        Assert.Null(shared.Add(whole));
        some.sum().add(more.sum(), Number.Of(1)).backward();
        Assert.True(left.add(expected, Number.Of(1)).equal(table.grad!).all().item<bool>());
    }

    private static void AssertClose(Tensor expected, Tensor found)
    {
        Assert.Equal(expected.shape, found.shape);
        Assert.True(expected.sub(found).abs().max().item<float>() < 1e-5);
    }
}
