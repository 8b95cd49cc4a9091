using Spectre.Console.Rendering;

namespace TrainingCluster.Cli.Display;

/// <summary>Rows under a heading, in columns as wide as their widest cell. No frame: the output can be cut and sorted.</summary>
public static class Table
{
    /// <summary>Writes the heading and the rows.</summary>
    public static async Task WriteAsync(TextWriter output, IReadOnlyList<string> heading, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(heading);
        ArgumentNullException.ThrowIfNull(rows);
        var all = rows.Prepend(heading).ToList();
        var widths = Enumerable.Range(0, heading.Count).Select(column => all.Max(row => Width(row[column]))).ToList();
        foreach (var row in all)
        {
            await output.WriteLineAsync(
                string.Join("  ", row.Select((cell, column) => cell + new string(' ', widths[column] - Width(cell)))).TrimEnd()
            );
        }
    }

    /// <summary>In cells of a terminal: Chinese characters take two.</summary>
    internal static int Width(string cell) => new Segment(cell).CellCount();
}
