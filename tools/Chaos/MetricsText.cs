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
        var values = Values(metrics, prefix).ToList();
        return values.Count == 0 ? null : values.Sum(value => value.Value);
    }

    /// <summary>All lines that begin so, as names with labels and values.</summary>
    /// <param name="metrics">The text.</param>
    /// <param name="prefix">A name with the beginning of its labels, or with the space that follows it.</param>
    public static IEnumerable<(string Series, long Value)> Values(string metrics, string prefix) =>
        from line in metrics.Split('\n')
        where line.StartsWith(prefix, StringComparison.Ordinal)
        let space = line.LastIndexOf(' ')
        select (line[..space], (long)double.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture));
}
