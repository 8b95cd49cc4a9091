using TrainingCluster.Modeling.Course;

namespace TrainingCluster.Modeling.Tests.Course;

public class HeadStatisticsTests
{
    // Two queries, three keys.
    private static readonly float[] s_weights = [0.5f, 0.25f, 0.25f, 0, 1, 0];

    [Fact]
    public void ShareOn_OwnKey_IsTheMeanOfTheDiagonal() => Assert.Equal(0.75, HeadStatistics.ShareOn(s_weights, 3, t => t), 1e-6);

    [Fact]
    public void ShareOn_QueriesWithoutSuchAKey_AreLeftOut()
    {
        Assert.Equal(0, HeadStatistics.ShareOn(s_weights, 3, t => t - 1), 1e-6);
        Assert.Equal(0.25, HeadStatistics.ShareOn(s_weights, 3, t => t == 0 ? 2 : 3), 1e-6);
        Assert.Equal(0, HeadStatistics.ShareOn(s_weights, 3, _ => -1));
    }

    [Fact]
    public void Entropy_HalfAndQuarters_IsOneAndAHalfBits()
    {
        Assert.Equal(1.5, HeadStatistics.Entropy(s_weights.AsSpan(0, 3).ToArray(), 3), 1e-6);
        Assert.Equal(0.75, HeadStatistics.Entropy(s_weights, 3), 1e-6);
    }

    [Fact]
    public void Entropy_WeightsThatAreNoWholeRows_Throws() =>
        Assert.Contains(
            "6 weights are no whole rows of 4 keys",
            Assert.Throws<ArgumentException>(() => HeadStatistics.Entropy(s_weights, 4)).Message,
            StringComparison.Ordinal
        );
}
