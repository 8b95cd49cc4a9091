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

    [Fact]
    public void Build_FromADataset_EqualsItsSentences()
    {
        using var folder = new TempFolder();
        var options = new DatasetOptions
        {
            Train = new ParallelText(
                folder.Write("both.tsv", string.Concat(SampleText.Pairs.Select(pair => $"{pair.De}\t{pair.En}\n"))),
                null
            ),
            VocabularySize = 400,
        };
        DatasetBuilder.Build(options, folder.File("data"));
        using var dataset = Dataset.Open(folder.File("data"));
        int[] indices = [5, 0, 17];
        var (actual, expected) = (
            BatchBuilder.Build(dataset, indices),
            BatchBuilder.Build([.. indices.Select(dataset.Source)], [.. indices.Select(dataset.Target)])
        );
        Assert.Equal(expected.Source, actual.Source);
        Assert.Equal(expected.DecoderInput, actual.DecoderInput);
        Assert.Equal(expected.Labels, actual.Labels);
        Assert.Equal(expected.TargetTokens, actual.TargetTokens);
    }
}
