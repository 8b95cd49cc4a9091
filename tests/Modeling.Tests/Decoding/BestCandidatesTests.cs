using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Modeling.Tests.Decoding;

public class BestCandidatesTests
{
    [Theory]
    [InlineData(1, 5)]
    [InlineData(4, 23)]
    [InlineData(10, 6001)]
    public void Add_RowsOfRandomScores_KeepsTheBestInTheirOrder(int count, int width)
    {
        var random = new Random(count);
        // Few different numbers, so that many are equal: then the first counts.
        var rows = Enumerable
            .Range(0, 3)
            .Select(_ => Enumerable.Range(0, width).Select(_ => (float)random.Next(-50, 0)).ToArray())
            .ToArray();
        float[] before = [-1, -3, float.NegativeInfinity];
        var best = new BestCandidates(count);
        // What was kept before is forgotten.
        best.Add(rows[0], 100, 7);
        best.Clear();
        for (var row = 0; row < rows.Length; row++)
        {
            best.Add(rows[row], before[row], (long)row * width);
        }
        var expected = rows.SelectMany((row, i) => row.Select((score, j) => (Score: score + before[i], Place: ((long)i * width) + j)))
            .Where(one => !float.IsNegativeInfinity(one.Score))
            .OrderByDescending(one => one.Score)
            .ThenBy(one => one.Place)
            .Take(count)
            .ToList();
        Assert.Equal(expected.Select(one => one.Score), best.Scores.ToArray());
        Assert.Equal(expected.Select(one => one.Place), best.Places.ToArray());
    }

    [Theory]
    [InlineData(new long[] { 0, 1, 2 }, new long[] { 0, 1, 2 })]
    [InlineData(new long[] { 1, 2, 4 }, new long[] { 4, 1, 2 })]
    [InlineData(new long[] { 3, 5, 6 }, new long[] { 6, 5, 3 })]
    [InlineData(new long[] { }, new long[] { })]
    public void CloseRanks_SomeLeave_TheLastTakeTheirPlaces(long[] stay, long[] expected) =>
        Assert.Equal(expected, SequenceSearch.CloseRanks(stay));
}
