using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace TrainingCluster.Cli.Display;

/// <summary>Text as a terminal shows it: in cells, of which Chinese characters take two.</summary>
internal static class Cells
{
    private const char Ellipsis = '…';

    /// <summary>Cells that the text takes.</summary>
    public static int Width(string text) => Segment.CellCount([new Segment(text)]);

    /// <summary>The text in at most so many cells; one that is cut ends with "…".</summary>
    public static string Cut(string text, int cells)
    {
        if (Width(text) <= cells)
        {
            return text;
        }
        var (cut, width) = (new StringBuilder(), 0);
        foreach (var element in Elements(text))
        {
            width += Width(element);
            if (width > cells - 1)
            {
                break;
            }
            cut.Append(element);
        }
        return cells < 1 ? "" : cut.Append(Ellipsis).ToString();
    }

    /// <summary>The text on one line: what would move a terminal's cursor is a space.</summary>
    public static string OneLine(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;

    private static IEnumerable<string> Elements(string text)
    {
        var elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            yield return elements.GetTextElement();
        }
    }
}
