namespace TrainingCluster.Chaos;

/// <summary>How figures are spread.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Median">Half are not above it.</param>
/// <param name="Percentile95">95 % are not above it.</param>
/// <param name="Worst">The greatest.</param>
public sealed record Distribution(int Count, double Median, double Percentile95, double Worst)
{
    /// <summary>Of the given figures: each percentile is one of them (nearest rank). None: all is 0.</summary>
    public static Distribution Of(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return sorted.Length == 0 ? new Distribution(0, 0, 0, 0) : new Distribution(sorted.Length, Rank(0.5), Rank(0.95), sorted[^1]);

        double Rank(double share) => sorted[Math.Max(0, (int)Math.Ceiling((share * sorted.Length) - 1e-9) - 1)];
    }
}
