using System.Text;

namespace TrainingCluster.Cli.Figures;

/// <summary>A matrix as coloured cells, with names or numbers on its axes.</summary>
public sealed record HeatMap
{
    private const double LabelSize = 10;
    private const double TickLength = 3;
    private const double AxisNameRoom = 15;
    private const int Levels = 64;

    /// <summary>Row by row.</summary>
    public required IReadOnlyList<float> Values { get; init; }

    /// <summary>Number of rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Number of columns.</summary>
    public required int Columns { get; init; }

    /// <summary>A name a row, or none at all.</summary>
    public IReadOnlyList<string> RowNames { get; init; } = [];

    /// <summary>A name a column, or none at all; written upwards.</summary>
    public IReadOnlyList<string> ColumnNames { get; init; } = [];

    /// <summary>Rows that get a tick with a number, for maps too fine for names: the row's place from 0 and what stands there.</summary>
    public IReadOnlyList<(int Row, string Label)> RowTicks { get; init; } = [];

    /// <summary>Columns that get a tick with a number, below the map.</summary>
    public IReadOnlyList<(int Column, string Label)> ColumnTicks { get; init; } = [];

    /// <summary>What the rows are, written upwards at the left; empty: nothing.</summary>
    public string RowAxis { get; init; } = "";

    /// <summary>What the columns are, below the map; empty: nothing.</summary>
    public string ColumnAxis { get; init; } = "";

    /// <summary>Above the names; empty: none.</summary>
    public string Title { get; init; } = "";

    /// <summary>Digits after the point of the numbers printed in the cells; null (default): none are printed.</summary>
    public int? Digits { get; init; }

    /// <summary>The value with the scale's first colour. Maps that are compared have the same.</summary>
    public double Least { get; init; }

    /// <summary>The value with the scale's last colour. Maps that are compared have the same.</summary>
    public double Most { get; init; } = 1;

    /// <summary>The colours.</summary>
    public ColorScale Scale { get; init; } = ColorScale.Blues;

    /// <summary>Width of a cell in pixels.</summary>
    public double CellWidth { get; init; } = 14;

    /// <summary>Height of a cell in pixels.</summary>
    public double CellHeight { get; init; } = 14;

    /// <summary>Room that the row names take.</summary>
    public double Left =>
        (RowAxis.Length == 0 ? 0 : AxisNameRoom)
        + (RowNames.Count == 0 ? 0 : RowNames.Max(TextWidth) + 6)
        + (RowTicks.Count == 0 ? 0 : RowTicks.Max(tick => TextWidth(tick.Label)) + TickLength + 3);

    /// <summary>Room that title and column names take.</summary>
    public double Top => (Title.Length == 0 ? 0 : 18) + (ColumnNames.Count == 0 ? 0 : ColumnNames.Max(TextWidth) + 6);

    /// <summary>Room that the column ticks and the name of the axis take.</summary>
    public double Bottom => (ColumnTicks.Count == 0 ? 0 : TickLength + 12) + (ColumnAxis.Length == 0 ? 0 : AxisNameRoom);

    /// <summary>All in all.</summary>
    public double Width => Left + Columns * CellWidth;

    /// <summary>All in all.</summary>
    public double Height => Top + Rows * CellHeight + Bottom;

    /// <summary>Draws the map with its names; (x, y) is the upper left corner of all.</summary>
    public void Draw(SvgDrawing drawing, double x, double y)
    {
        ArgumentNullException.ThrowIfNull(drawing);
        if (Values.Count != Rows * Columns)
        {
            throw new InvalidOperationException($"{Values.Count} values for {Rows} × {Columns} cells.");
        }
        if (Title.Length > 0)
        {
            drawing.Text(x + Left, y + 11, Title, 11, bold: true);
        }
        var (left, top) = (x + Left, y + Top);
        DrawCells(drawing, left, top);
        drawing.Rectangle(left, top, Columns * CellWidth, Rows * CellHeight, "none", "#999");
        DrawNumbers(drawing, left, top);
        DrawRowLabels(drawing, x, left, top);
        DrawColumnLabels(drawing, left, top);
    }

    /// <summary>Draws the scale with its ends' values; (x, y) is its upper left corner.</summary>
    public void DrawScale(SvgDrawing drawing, double x, double y, double width = 120)
    {
        ArgumentNullException.ThrowIfNull(drawing);
        for (var level = 0; level < Levels; level++)
        {
            drawing.Rectangle(x + level * width / Levels, y, width / Levels + 0.5, 8, Scale.At((level + 0.5) / Levels));
        }
        drawing.Rectangle(x, y, width, 8, "none", "#999");
        drawing.Text(x, y + 19, SvgDrawing.N(Least), 9, "middle");
        drawing.Text(x + width, y + 19, SvgDrawing.N(Most), 9, "middle");
    }

    private void DrawRowLabels(SvgDrawing drawing, double x, double left, double top)
    {
        if (RowAxis.Length > 0)
        {
            drawing.Text(x + 10, top + Rows * CellHeight / 2, RowAxis, LabelSize, "middle", turn: -90);
        }
        for (var row = 0; row < RowNames.Count; row++)
        {
            drawing.Text(left - 4, top + (row + 0.5) * CellHeight + LabelSize * 0.35, RowNames[row], LabelSize, "end");
        }
        foreach (var (row, label) in RowTicks)
        {
            var y = top + (row + 0.5) * CellHeight;
            drawing.Line(left - TickLength, y, left, y, "#666");
            drawing.Text(left - TickLength - 2, y + LabelSize * 0.35, label, LabelSize, "end");
        }
    }

    private void DrawColumnLabels(SvgDrawing drawing, double left, double top)
    {
        var bottom = top + Rows * CellHeight;
        if (ColumnAxis.Length > 0)
        {
            drawing.Text(left + Columns * CellWidth / 2, bottom + Bottom - 4, ColumnAxis, LabelSize, "middle");
        }
        for (var column = 0; column < ColumnNames.Count; column++)
        {
            drawing.Text(left + (column + 0.5) * CellWidth + LabelSize * 0.35, top - 4, ColumnNames[column], LabelSize, turn: -90);
        }
        foreach (var (column, label) in ColumnTicks)
        {
            var x = left + (column + 0.5) * CellWidth;
            drawing.Line(x, bottom, x, bottom + TickLength, "#666");
            drawing.Text(x, bottom + TickLength + 9, label, LabelSize, "middle");
        }
    }

    private void DrawNumbers(SvgDrawing drawing, double left, double top)
    {
        if (Digits is not { } digits)
        {
            return;
        }
        for (var i = 0; i < Values.Count; i++)
        {
            var (x, y) = (left + (i % Columns + 0.5) * CellWidth, top + (i / Columns + 0.5) * CellHeight);
            var color = Scale.At(Level(i / Columns, i % Columns) / (Levels - 1.0));
            drawing.Text(
                x,
                y + LabelSize * 0.35,
                SvgDrawing.Fixed(Values[i], digits),
                LabelSize,
                "middle",
                fill: ColorScale.IsDark(color) ? "#fff" : null
            );
        }
    }

    // Cells of one colour are one path, neighbours in a row one piece of it: a tenth of a shape a cell.
    private void DrawCells(SvgDrawing drawing, double left, double top)
    {
        var paths = new StringBuilder?[Levels];
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < Columns; )
            {
                var level = Level(row, column);
                var first = column;
                while (column < Columns && Level(row, column) == level)
                {
                    column++;
                }
                var (x, y) = (SvgDrawing.N(left + first * CellWidth), SvgDrawing.N(top + row * CellHeight));
                var (width, height) = (SvgDrawing.N((column - first) * CellWidth), SvgDrawing.N(CellHeight));
                (paths[level] ??= new StringBuilder()).Append($"M{x} {y}h{width}v{height}h-{width}z");
            }
        }
        for (var level = 0; level < Levels; level++)
        {
            if (paths[level] is { } path)
            {
                drawing.Area(path.ToString(), Scale.At(level / (Levels - 1.0)));
            }
        }
    }

    private int Level(int row, int column)
    {
        var share = (Values[row * Columns + column] - Least) / (Most - Least);
        return double.IsNaN(share) ? Levels / 2 : (int)Math.Clamp(Math.Round(share * (Levels - 1)), 0, Levels - 1);
    }

    // Without a font at hand: wide characters (Chinese and their like) take a square, others about six tenths.
    internal static double TextWidth(string text) => text.Sum(c => c >= 0x2E80 ? LabelSize : LabelSize * 0.6);
}
