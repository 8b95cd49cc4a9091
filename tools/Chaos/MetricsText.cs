using System.Globalization;

namespace TrainingCluster.Chaos;

/// <summary>Reads a process' metrics in Prometheus' text format.</summary>
public static class MetricsText
{
    /// <summary>The sum of all values whose lines begin so. Null: there is no such line.</summary>
    /// <param name="metrics">The text.</param>
    /// <param name="prefix">A name with the beginning of its labels, or with the space that follows it.</param>
    public static long? Sum(string metrics, string prefix)
    {
        var lines = metrics.Split('\n').Where(line => line.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        return lines.Count == 0
            ? null
            : lines.Sum(line => (long)double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture));
    }
}
