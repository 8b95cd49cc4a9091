using System.Text.RegularExpressions;

namespace TrainingCluster.Worker.Hosting;

/// <summary>docs/metrics.md, as names and types.</summary>
internal static partial class DocumentedMetrics
{
    /// <summary>The metrics of one section.</summary>
    public static IEnumerable<string> Of(string section)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Cluster.sln"))) folder = folder.Parent!;
        var text = File.ReadAllText(Path.Combine(folder.FullName, "docs", "metrics.md"));
        var part = text.Split("\n## ").Single(s => s.StartsWith(section, StringComparison.Ordinal));
        return Row().Matches(part).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value}").Order(StringComparer.Ordinal);
    }

    /// <summary>Our metrics in an exposition.</summary>
    public static IEnumerable<string> Exposed(string text) =>
        Type().Matches(text).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value}").Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^\| `(\w+)` \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^# TYPE (training_cluster_\w+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Type();
}
