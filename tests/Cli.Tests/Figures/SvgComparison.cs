using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace TrainingCluster.Cli.Tests.Figures;

/// <summary>Compares two drawings, token by token: words must be equal, numbers and colours close.</summary>
internal static partial class SvgComparison
{
    // A heat map has 64 colours, and the next one differs by up to this in a channel.
    private const int OneLevel = 10;

    /// <summary>What differs, in words.</summary>
    /// <param name="kept">An SVG document.</param>
    /// <param name="drawn">Another.</param>
    /// <param name="tolerance">As a share; see <c>CourseFigure.Tolerance</c>.</param>
    public static List<string> Differences(string kept, string drawn, double tolerance)
    {
        var (one, other) = (Flatten(kept), Flatten(drawn));
        var side = Math.Max((double)one.Root.Attribute("width")!, (double)one.Root.Attribute("height")!);
        var differences = new List<string>();
        if (one.Parts.Count != other.Parts.Count)
        {
            differences.Add($"{one.Parts.Count} elements and attributes, drawn again {other.Parts.Count}");
        }
        differences.AddRange(
            one.Parts.Zip(other.Parts)
                .Where(pair => !AreClose(pair.First, pair.Second, side, tolerance))
                .Select(pair => $"{pair.First.Name} “{pair.First.Text}”, drawn again “{pair.Second.Text}”")
        );
        differences.AddRange(CellDifferences(one.Cells, other.Cells, side, tolerance));
        return differences;
    }

    private static (XElement Root, List<Part> Parts, List<Cell> Cells) Flatten(string svg)
    {
        var root = XDocument.Parse(svg).Root!;
        var (parts, cells) = (new List<Part>(), new List<Cell>());
        foreach (var element in root.DescendantsAndSelf())
        {
            if (element.Name.LocalName == "path" && element.Attribute("d") is { } path && Box().Matches(path.Value) is { Count: > 0 } boxes)
            {
                cells.AddRange(
                    boxes.Select(box => new Cell(Number(box, 1), Number(box, 2), Number(box, 3), (string)element.Attribute("fill")!))
                );
                continue;
            }
            parts.Add(new Part("element", element.Name.LocalName, IsPrinted: true));
            parts.AddRange(element.Attributes().Select(attribute => new Part(attribute.Name.LocalName, attribute.Value, IsPrinted: false)));
            if (!element.HasElements && element.Value.Length > 0)
            {
                parts.Add(new Part(element.Name.LocalName, element.Value, IsPrinted: true));
            }
        }
        return (root, parts, cells);

        static double Number(Match box, int group) => double.Parse(box.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    private static bool AreClose(Part one, Part other, double side, double tolerance)
    {
        if (one.Name != other.Name)
        {
            return false;
        }
        var (a, b) = (Token().Matches(one.Text), Token().Matches(other.Text));
        if (a.Count != b.Count || Token().Replace(one.Text, "•") != Token().Replace(other.Text, "•"))
        {
            return false;
        }
        return a.Zip(b).All(pair => AreClose(pair.First.Value, pair.Second.Value, one.IsPrinted, side, tolerance));
    }

    private static bool AreClose(string one, string other, bool isPrinted, double side, double tolerance)
    {
        if (one == other)
        {
            return true;
        }
        if (one[0] == '#' || other[0] == '#')
        {
            return one[0] == other[0] && ColorsAreClose(one, other, tolerance);
        }
        var (a, b) = (double.Parse(one, CultureInfo.InvariantCulture), double.Parse(other, CultureInfo.InvariantCulture));
        return Math.Abs(a - b)
            <= (isPrinted ? Math.Max(LastDigit(one), LastDigit(other)) * 1.001 + tolerance * Math.Abs(a) : tolerance * side);
    }

    private static double LastDigit(string number)
    {
        var point = number.IndexOf('.', StringComparison.Ordinal);
        // A whole number is a count or a name.
        return point < 0 ? 0 : Math.Pow(10, point + 1 - number.Length);
    }

    private static bool ColorsAreClose(string one, string other, double tolerance) =>
        Enumerable.Range(0, 3).All(channel => Math.Abs(Channel(one, channel) - Channel(other, channel)) <= OneLevel + 255 * tolerance);

    private static int Channel(string color, int channel) => Convert.ToInt32(color.Substring(1 + 2 * channel, 2), 16);

    // Neighbours of one colour are drawn as one box, so boxes are cut at the other drawing's borders before they are compared.
    // Single cells of what is trained may be far off: what counts is the area of those that are.
    private static List<string> CellDifferences(List<Cell> one, List<Cell> other, double side, double tolerance)
    {
        var (different, width, all) = (new List<string>(), 0.0, 0.0);
        foreach (var row in one.Concat(other).GroupBy(cell => Math.Round(cell.Y, 1)).OrderBy(row => row.Key))
        {
            var cuts = row.SelectMany(cell => new[] { cell.X, cell.X + cell.Width }).Order().ToList();
            var (inOne, inOther) = (Row(one, row.Key), Row(other, row.Key));
            foreach (var (left, right) in cuts.Zip(cuts.Skip(1)).Where(pair => pair.Second - pair.First > 0.1 + tolerance * side / 10))
            {
                var x = (left + right) / 2;
                var (a, b) = (At(inOne, x), At(inOther, x));
                if (a is null && b is null)
                {
                    continue;
                }
                all += right - left;
                if (a is null || b is null || !ColorsAreClose(a, b, tolerance))
                {
                    width += right - left;
                    different.Add($"colour {a ?? "none"} at ({x:F0}, {row.Key:F0}), drawn again {b ?? "none"}");
                }
            }
        }
        return width > tolerance * all ? different : [];

        static List<Cell> Row(List<Cell> cells, double y) => [.. cells.Where(cell => Math.Abs(cell.Y - y) < 0.1)];
        static string? At(List<Cell> row, double x) => row.Find(cell => cell.X <= x && x <= cell.X + cell.Width)?.Fill;
    }

    private sealed record Part(string Name, string Text, bool IsPrinted);

    private sealed record Cell(double X, double Y, double Width, string Fill);

    [GeneratedRegex(@"#[0-9a-f]{6}|-?\d+(\.\d+)?")]
    private static partial Regex Token();

    [GeneratedRegex(@"M(-?[\d.]+) (-?[\d.]+)h([\d.]+)v[\d.]+h-[\d.]+z")]
    private static partial Regex Box();
}
