using System.Globalization;

namespace TrainingCluster.Worker.Optimization;

/// <summary>Which evaluated weights a job keeps for its average: the last k, or the k best by validation BLEU.</summary>
/// <param name="Count">k; 0 or 1: none.</param>
/// <param name="Best">The best rather than the last.</param>
public readonly record struct CheckpointAveraging(int Count, bool Best)
{
    /// <summary>Keeps none.</summary>
    public static CheckpointAveraging None { get; }

    /// <summary>Whether an average is wanted at all.</summary>
    public bool IsWanted => Count > 1;

    /// <summary>The place that newly evaluated weights take: a pure function, so that all workers keep the same.</summary>
    /// <param name="kept">BLEU of those kept so far, oldest first.</param>
    /// <param name="bleu">Of the new ones.</param>
    /// <returns>The number of those that they push out; −1: none, there is room; null: they are not kept.</returns>
    public int? PlaceFor(IReadOnlyList<double> kept, double bleu)
    {
        ArgumentNullException.ThrowIfNull(kept);
        if (!IsWanted)
        {
            return null;
        }
        if (kept.Count < Count)
        {
            return -1;
        }
        if (!Best)
        {
            return 0;
        }
        var worst = 0;
        for (var i = 1; i < kept.Count; i++)
        {
            if (kept[i] < kept[worst])
            {
                worst = i;
            }
        }
        // Among equals the newer ones have learned more.
        return bleu >= kept[worst] ? worst : null;
    }

    /// <summary>Reads what <see cref="Format"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static double[] Parse(string scores) =>
        TryParse(scores, out var values) ? values : throw new FormatException($"'{scores}' are no scores with spaces between.");

    internal static bool TryParse(string scores, out double[] values)
    {
        var parts = scores.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        values = new double[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!double.TryParse(parts[i], CultureInfo.InvariantCulture, out values[i]) || !double.IsFinite(values[i]))
            {
                return false;
            }
        }
        return true;
    }

    internal static string Format(IEnumerable<double> scores) =>
        string.Join(' ', scores.Select(score => score.ToString("R", CultureInfo.InvariantCulture)));
}
