namespace TrainingCluster.Cli.Display;

/// <summary>
/// Rows under a heading, in columns as wide as their widest cell. No frame: the output can be cut and sorted. On a terminal no row is
/// longer than the window; elsewhere nothing is cut.
/// </summary>
public static class Table
{
    private const string Gap = "  ";

    // Of a text that is cut so much should be left, and of anything else so much.
    private const int LeastText = 16;
    private const int LeastCells = 4;

    /// <summary>Writes the heading and the rows.</summary>
    /// <param name="terminal">Its output gets them.</param>
    /// <param name="columns">The heading, and which columns give way where there is no room.</param>
    /// <param name="rows">A cell for each column.</param>
    public static async Task WriteAsync(Terminal terminal, IReadOnlyList<Column> columns, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(rows);
        // A row is a line, whatever is in its cells.
        var all = rows.Select(row => row.Select(Cells.OneLine).ToList()).Prepend([.. columns.Select(column => column.Heading)]).ToList();
        var natural = columns.Select((_, at) => all.Max(row => Cells.Width(row[at]))).ToArray();
        var widths = terminal.OutColumns() is { } room ? Fit(columns, natural, room) : natural;
        foreach (var row in all)
        {
            var cells = row.Select((cell, at) => (Text: Cells.Cut(cell, widths[at]), Width: widths[at])).Where(cell => cell.Width > 0);
            await terminal.Out.WriteLineAsync(
                string.Join(Gap, cells.Select(cell => cell.Text + new string(' ', cell.Width - Cells.Width(cell.Text)))).TrimEnd()
            );
        }
    }

    /// <summary>
    /// Widths that fit: 1. texts are cut, the longest first, but not to less than some words; 2. columns that may go are left out, the
    /// last first; 3. in a window that is still too narrow, anything is cut.
    /// </summary>
    internal static int[] Fit(IReadOnlyList<Column> columns, IReadOnlyList<int> natural, int room)
    {
        var widths = natural.ToArray();
        for (var at = columns.Count - 1; at > 0 && Total(Least(columns, widths)) > room; at--)
        {
            if (columns[at].Yields == Yield.Whole)
            {
                widths[at] = 0;
            }
        }
        var least = Least(columns, widths);
        while (Total(widths) > room && Widest(widths, (at, width) => width > least[at]) is { } widest)
        {
            widths[widest]--;
        }
        while (Total(widths) > room && Widest(widths, (_, width) => width > LeastCells) is { } widest)
        {
            widths[widest]--;
        }
        return widths;
    }

    private static int[] Least(IReadOnlyList<Column> columns, int[] widths) =>
        [.. widths.Select((width, at) => columns[at].Yields == Yield.Text ? Math.Min(width, LeastText) : width)];

    private static int Total(int[] widths) => widths.Sum() + (Gap.Length * (widths.Count(width => width > 0) - 1));

    private static int? Widest(int[] widths, Func<int, int, bool> may)
    {
        int? widest = null;
        for (var at = 0; at < widths.Length; at++)
        {
            if (may(at, widths[at]) && (widest is null || widths[at] >= widths[widest.Value]))
            {
                widest = at;
            }
        }
        return widest;
    }
}

/// <summary>A column of a <see cref="Table"/>.</summary>
/// <param name="Heading">Its heading.</param>
/// <param name="Yields">What it gives where there is no room.</param>
public sealed record Column(string Heading, Yield Yields = Yield.Nothing)
{
    /// <summary>A column that stays whole.</summary>
    public static implicit operator Column(string heading) => new(heading);
}

/// <summary>What a column gives where there is no room.</summary>
public enum Yield
{
    /// <summary>It stays whole: an id, a number.</summary>
    Nothing,

    /// <summary>The ends of its texts.</summary>
    Text,

    /// <summary>Its place: it is left out.</summary>
    Whole,
}
