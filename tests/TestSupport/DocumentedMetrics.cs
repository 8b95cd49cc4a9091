using System.Text.RegularExpressions;

namespace TrainingCluster.TestSupport;

/// <summary>docs/metrics.md and what a process publishes, as names with types.</summary>
internal static partial class DocumentedMetrics
{
    /// <summary>Those of a program: of its own section and of every process'.</summary>
    public static IEnumerable<string> Of(string program) => Section("Every process").Concat(Section(program)).Order(StringComparer.Ordinal);

    /// <summary>Those in an exposition.</summary>
    public static IEnumerable<string> Exposed(string text) =>
        Type().Matches(text).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value}").Order(StringComparer.Ordinal);

    private static IEnumerable<string> Section(string title)
    {
        var text = File.ReadAllText(Repository.At("docs", "metrics.md"));
        var part = text.Split("\n## ").Single(s => s.StartsWith(title, StringComparison.Ordinal));
        return Row().Matches(part).Select(m => $"{m.Groups[1].Value} {m.Groups[2].Value}");
    }

    [GeneratedRegex(@"^\| `(\w+)` \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^# TYPE (\w+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Type();
}
