namespace TrainingCluster.Cli.Display;

/// <summary>Progress on one line: title, bar, percentage, figures, time left. What has no room gives way, the bar first.</summary>
/// <param name="Title">What is done.</param>
/// <param name="Share">How much of it, 0 to 1; null: not known.</param>
/// <param name="Detail">Figures, the most important first.</param>
/// <param name="Left">The time left; empty: not known.</param>
/// <param name="Elapsed">Since it began.</param>
internal sealed record ProgressLine(string Title, double? Share, string Detail, string Left, TimeSpan Elapsed)
{
    private const int LongestBar = 24;
    private const int ShortestBar = 8;
    private const int LeastDetail = 12;
    private const string Gap = "  ";
    private const string Marks = "|/-\\";

    /// <summary>The line in at most so many cells.</summary>
    public string Fit(int columns)
    {
        var percent = Share is { } share ? Text.Invariant($"{Math.Floor(100 * share), 3:F0} %") : "";
        var detail = Cells.OneLine(Detail);
        // 1. Everything. 2. With a shorter bar. 3. Without a bar. 4. With figures that are cut.
        var bar = Math.Min(LongestBar, columns - Cells.Width(Join(Title, percent, detail, Left)) - Gap.Length);
        if (bar >= ShortestBar)
        {
            return Join(Title, Bar(bar), percent, detail, Left);
        }
        var mark = Share is null ? Bar(1) : "";
        var room = columns - Cells.Width(Join(Title, mark, percent, Left)) - Gap.Length;
        return Cells.Cut(
            room >= Math.Min(LeastDetail, Cells.Width(detail))
                ? Join(Title, mark, percent, Cells.Cut(detail, room), Left)
                : Join(Title, mark, percent, Left),
            columns
        );
    }

    private string Bar(int cells)
    {
        if (Share is { } share)
        {
            var full = (int)(share * cells);
            return new string('━', full) + new string('─', cells - full);
        }
        return $"{Marks[(int)(Elapsed.TotalSeconds * 4) % Marks.Length]}";
    }

    private static string Join(params ReadOnlySpan<string> parts)
    {
        var line = "";
        foreach (var part in parts)
        {
            line += line.Length > 0 && part.Length > 0 ? Gap + part : part;
        }
        return line;
    }
}
