using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Numerics;

public class BFloat16SumsTests
{
    // Columns that fill vectors of 16, and that do not; rows that are added four at a time, and the rest of them.
    [Theory]
    [InlineData(9, 32)]
    [InlineData(4, 16)]
    [InlineData(3, 32)]
    [InlineData(9, 33)]
    public void AddRows_AddsOneAfterAnotherAndTheirSumToWhatIsThere(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        var from = randn(rows, columns).to(ScalarType.BFloat16);
        var there = randn(columns);
        var sums = zeros(columns);
        for (var row = 0; row < rows; row++)
        {
            sums = sums.add(from[row].to(ScalarType.Float32), Number.Of(1));
        }
        var expected = there.add(sums, Number.Of(1));
        BFloat16Sums.AddRows(from, there);
        Assert.True(expected.equal(there).all().item<bool>());
    }
}
