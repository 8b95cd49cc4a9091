using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.Tests.Optimization;

public class CheckpointAveragingTests
{
    [Theory]
    [InlineData(0, false, "", 9, null)]
    [InlineData(1, true, "", 9, null)]
    [InlineData(2, false, "8", 9, -1)]
    [InlineData(2, false, "8 7", 1, 0)]
    [InlineData(2, true, "8 7", 7.5, 1)]
    [InlineData(2, true, "8 7", 7, 1)]
    [InlineData(2, true, "8 7", 6.9, null)]
    [InlineData(3, true, "7 8 7", 9, 0)]
    public void PlaceFor_NewScore_PushesOutTheOldestOrTheWorst(int count, bool best, string kept, double bleu, int? place) =>
        Assert.Equal(place, new CheckpointAveraging(count, best).PlaceFor(CheckpointAveraging.Parse(kept), bleu));

    [Fact]
    public void Parse_Formatted_KeepsEveryBit()
    {
        double[] scores = [0, 33.333333333333336, 1e-300, -1];
        Assert.Equal(scores, CheckpointAveraging.Parse(CheckpointAveraging.Format(scores)));
    }
}
