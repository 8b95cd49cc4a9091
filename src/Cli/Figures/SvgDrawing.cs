using System.Globalization;
using System.Net;
using System.Text;

namespace TrainingCluster.Cli.Figures;

/// <summary>A drawing as SVG text: a white sheet, shapes in the order of their drawing. Lengths are pixels, y grows downwards.</summary>
public sealed class SvgDrawing
{
    private readonly StringBuilder _shapes = new();
    private readonly string _title;
    private readonly string _description;

    /// <summary>Makes an empty sheet.</summary>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="title">For those who cannot see the drawing, and for tool tips.</param>
    /// <param name="description">What the drawing shows, in a sentence.</param>
    public SvgDrawing(double width, double height, string title, string description)
    {
        (Width, Height, _title, _description) = (width, height, title, description);
    }

    /// <summary>In pixels.</summary>
    public double Width { get; }

    /// <summary>In pixels.</summary>
    public double Height { get; }

    /// <summary>A filled rectangle.</summary>
    public void Rectangle(double x, double y, double width, double height, string fill, string? stroke = null) =>
        Add(
            $"<rect x='{N(x)}' y='{N(y)}' width='{N(width)}' height='{N(height)}' "
                + $"fill='{fill}'{(stroke is null ? "" : $" stroke='{stroke}'")}/>"
        );

    /// <summary>A straight line.</summary>
    public void Line(double x1, double y1, double x2, double y2, string stroke = "#888", double width = 1, string? dashes = null) =>
        Add($"<line x1='{N(x1)}' y1='{N(y1)}' x2='{N(x2)}' y2='{N(y2)}' stroke='{stroke}' stroke-width='{N(width)}'{Dashes(dashes)}/>");

    /// <summary>A line through points.</summary>
    public void Curve(IEnumerable<(double X, double Y)> points, string stroke, double width = 2, string? dashes = null)
    {
        ArgumentNullException.ThrowIfNull(points);
        Add(
            $"<polyline points='{string.Join(' ', points.Select(point => $"{N(point.X)},{N(point.Y)}"))}' fill='none' "
                + $"stroke='{stroke}' stroke-width='{N(width)}' stroke-linejoin='round'{Dashes(dashes)}/>"
        );
    }

    /// <summary>A dot.</summary>
    public void Dot(double x, double y, double radius, string fill, string? stroke = null) =>
        Add($"<circle cx='{N(x)}' cy='{N(y)}' r='{N(radius)}' fill='{fill}'{(stroke is null ? "" : $" stroke='{stroke}'")}/>");

    /// <summary>An area given as path data.</summary>
    public void Area(string path, string fill) => Add($"<path d='{path}' fill='{fill}' shape-rendering='crispEdges'/>");

    /// <summary>A line of text, its baseline at y.</summary>
    /// <param name="x">Where its anchor lies.</param>
    /// <param name="y">Its baseline.</param>
    /// <param name="text">Any characters.</param>
    /// <param name="size">In pixels.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="turn">Degrees clockwise about (x, y).</param>
    /// <param name="bold">Whether to print it bold.</param>
    /// <param name="fill">Its colour; null: the sheet's.</param>
    public void Text(
        double x,
        double y,
        string text,
        double size = 11,
        string anchor = "start",
        double turn = 0,
        bool bold = false,
        string? fill = null
    )
    {
        var weight = bold ? " font-weight='600'" : "";
        var color = fill is null ? "" : $" fill='{fill}'";
        var transform = turn == 0 ? "" : $" transform='rotate({N(turn)} {N(x)} {N(y)})'";
        Add($"<text x='{N(x)}' y='{N(y)}' font-size='{N(size)}' text-anchor='{anchor}'{weight}{color}{transform}>{Escape(text)}</text>");
    }

    /// <summary>The whole SVG document.</summary>
    public override string ToString()
    {
        var size = $"width='{N(Width)}' height='{N(Height)}' viewBox='0 0 {N(Width)} {N(Height)}'";
        const string Namespace = "http://www.w3.org/2000/svg";
        const string Font = "\"Helvetica Neue\", Arial, \"Noto Sans\", \"Noto Sans CJK SC\", sans-serif";
        return $"""
            <svg xmlns='{Namespace}' {size} role='img' font-family='{Font}' fill='#222'>
            <title>{Escape(_title)}</title>
            <desc>{Escape(_description)}</desc>
            <rect width='100%' height='100%' fill='#ffffff'/>
            {_shapes}</svg>

            """;
    }

    /// <summary>A number with so many digits after its point; never −0.</summary>
    internal static string Fixed(double value, int digits)
    {
        var rounded = Math.Round(value, digits);
        return (rounded == 0 ? 0 : rounded).ToString($"F{digits}", CultureInfo.InvariantCulture);
    }

    internal static string N(double value) => Math.Round(value, 2).ToString(CultureInfo.InvariantCulture);

    // XML knows no control characters, escaped or not.
    private static string Escape(string text) => WebUtility.HtmlEncode(string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c)));

    private static string Dashes(string? dashes) => dashes is null ? "" : $" stroke-dasharray='{dashes}'";

    private void Add(string shape) => _shapes.Append(shape).Append('\n');
}
