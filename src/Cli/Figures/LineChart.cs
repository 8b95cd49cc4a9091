using System.Globalization;

namespace TrainingCluster.Cli.Figures;

/// <summary>One line, or the points of one kind, in a chart.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Points">In the chart's own units.</param>
/// <param name="Dotted">Points rather than a line.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points, bool Dotted = false);

/// <summary>Curves over two axes. Lines differ in colour and in dashes, so that they differ in print too.</summary>
public sealed record LineChart
{
    private static readonly string?[] s_dashes = [null, "7 3", "2 3", "9 3 2 3", null, "4 2"];

    /// <summary>Above the chart.</summary>
    public string Title { get; init; } = "";

    /// <summary>Under the horizontal axis, with its unit.</summary>
    public string XName { get; init; } = "";

    /// <summary>Beside the vertical axis, with its unit.</summary>
    public string YName { get; init; } = "";

    /// <summary>
    /// Where the horizontal axis has its numbers; the first and the last are its ends, and what lies beyond them is drawn on them.
    /// Null: four to nine round numbers that take in all points. Needed for a logarithmic axis.
    /// </summary>
    public IReadOnlyList<double>? XTicks { get; init; }

    /// <summary>The same of the vertical axis.</summary>
    public IReadOnlyList<double>? YTicks { get; init; }

    /// <summary>Whether the horizontal axis is logarithmic.</summary>
    public bool XIsLogarithmic { get; init; }

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool YIsLogarithmic { get; init; }

    /// <summary>What to draw, at most six.</summary>
    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>In pixels, with all names.</summary>
    public double Width { get; init; } = 460;

    /// <summary>In pixels, with all names.</summary>
    public double Height { get; init; } = 300;

    /// <summary>The chart as a drawing of its own.</summary>
    public string ToSvg()
    {
        var drawing = new SvgDrawing(
            Width,
            Height,
            Title,
            $"{Title}: {YName} against {XName}; {string.Join(", ", Series.Select(one => one.Name))}."
        );
        Draw(drawing, 0, 0);
        return drawing.ToString();
    }

    /// <summary>Draws the chart; (x, y) is its upper left corner.</summary>
    public void Draw(SvgDrawing drawing, double x, double y)
    {
        ArgumentNullException.ThrowIfNull(drawing);
        var points = Series.SelectMany(one => one.Points).Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).ToList();
        if (points.Count == 0)
        {
            points = [(0, 0), (1, 1)];
        }
        var xTicks = XTicks ?? Ticks(points.Min(point => point.X), points.Max(point => point.X));
        var yTicks = YTicks ?? Ticks(points.Min(point => point.Y), points.Max(point => point.Y));
        var (left, top, right, bottom) = (x + 52, y + 34, x + Width - 14, y + Height - 42);
        double X(double value) => left + Share(value, xTicks, XIsLogarithmic) * (right - left);
        double Y(double value) => bottom - Share(value, yTicks, YIsLogarithmic) * (bottom - top);
        drawing.Text(left, y + 14, Title, 12, bold: true);
        foreach (var tick in xTicks)
        {
            drawing.Line(X(tick), top, X(tick), bottom, "#e4e4e4");
            drawing.Text(X(tick), bottom + 14, Number(tick), 10, "middle");
        }
        foreach (var tick in yTicks)
        {
            drawing.Line(left, Y(tick), right, Y(tick), "#e4e4e4");
            drawing.Text(left - 5, Y(tick) + 3.5, Number(tick), 10, "end");
        }
        drawing.Rectangle(left, top, right - left, bottom - top, "none", "#666");
        drawing.Text((left + right) / 2, bottom + 31, XName, 11, "middle");
        drawing.Text(x + 13, (top + bottom) / 2, YName, 11, "middle", turn: -90);
        var legend = left;
        for (var i = 0; i < Series.Count; i++)
        {
            var (color, dashes) = (ColorScale.Lines[i % ColorScale.Lines.Count], s_dashes[i % s_dashes.Length]);
            var visible = Series[i]
                .Points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y))
                .Select(point => (X(point.X), Y(point.Y)))
                .ToList();
            if (Series[i].Dotted)
            {
                visible.ForEach(point => drawing.Dot(point.Item1, point.Item2, 2.6, color));
            }
            else
            {
                drawing.Curve(visible, color, dashes: dashes);
            }
            if (Series.Count < 2)
            {
                continue;
            }
            if (Series[i].Dotted)
            {
                drawing.Dot(legend + 9, y + 25, 2.6, color);
            }
            else
            {
                drawing.Line(legend, y + 25, legend + 18, y + 25, color, 2, dashes);
            }
            drawing.Text(legend + 22, y + 28.5, Series[i].Name, 10);
            legend += 34 + HeatMap.TextWidth(Series[i].Name);
        }
    }

    // Small numbers of a logarithmic axis keep their digits.
    private static string Number(double value) =>
        value != 0 && Math.Abs(value) < 0.01 ? value.ToString("0.######", CultureInfo.InvariantCulture) : SvgDrawing.N(value);

    // Where a value lies between the ends of an axis: 0…1.
    private static double Share(double value, IReadOnlyList<double> ticks, bool isLogarithmic)
    {
        var (at, first, last) = isLogarithmic
            ? (Math.Log(Math.Max(value, ticks[0])), Math.Log(ticks[0]), Math.Log(ticks[^1]))
            : (value, ticks[0], ticks[^1]);
        return Math.Clamp((at - first) / (last - first), 0, 1);
    }

    // Four to nine round numbers that take in both ends.
    private static List<double> Ticks(double least, double most)
    {
        if (most - least < 1e-12)
        {
            (least, most) = (least - 0.5, most + 0.5);
        }
        var raw = (most - least) / 5;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = new[] { 1, 2, 2.5, 5, 10 }.First(factor => factor * power >= raw * 0.999) * power;
        var (first, last) = (Math.Floor(least / step + 1e-9), Math.Ceiling(most / step - 1e-9));
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(i => (first + i) * step)];
    }
}
