using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Modeling.Tests.Data;

public class BatchBuilderTests
{
    [Fact]
    public void Build_TwoPairs_ShiftsPadsAndCounts()
    {
        var batch = BatchBuilder.Build(
            [
                [10, 11, 12],
                [20],
            ],
            [
                [30],
                [40, 41],
            ]
        );
        Assert.Equal((2, 4, 3), (batch.Rows, batch.SourceWidth, batch.TargetWidth));
        Assert.Equal([10, 11, 12, 2, 20, 2, 0, 0], batch.Source);
        Assert.Equal([1, 30, 0, 1, 40, 41], batch.DecoderInput);
        Assert.Equal([30, 2, 0, 40, 41, 2], batch.Labels);
        Assert.Equal([4, 2], batch.SourceLengths);
        Assert.Equal([2, 3], batch.TargetLengths);
        Assert.Equal((6, 5), (batch.SourceTokens, batch.TargetTokens));
    }

    [Fact]
    public void Build_NoPairs_IsEmpty()
    {
        var batch = BatchBuilder.Build([], []);
        Assert.Equal((0, 0, 0, 0L), (batch.Rows, batch.SourceWidth, batch.TargetWidth, batch.TargetTokens));
        Assert.Empty(batch.Labels);
    }

    [Fact]
    public void Build_UnequalSides_Throws() =>
        Assert.Throws<ArgumentException>(() =>
            BatchBuilder.Build(
                [
                    [1],
                ],
                []
            )
        );
}
