using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Cli.Figures;

/// <summary>The pictures of positional encodings.</summary>
public static class PositionFigures
{
    private const int Positions = 32;
    private const int Width = 32;

    /// <summary>
    /// Sinusoidal, learned and rotary positions: their numbers, a position a row, and how alike two positions are.
    /// </summary>
    public static string PositionalEncoding()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var sinusoidal = new SinusoidalEncoding(Width);
        var panels = new (string Title, Tensor Table)[]
        {
            ("sinusoidal: added to the embedding", sinusoidal.Positions(0, Positions, CPU)),
            ("learned: added, here before training", FirstLearnedPositions()),
            ("rotary: each pair (1, 0) turned", RotatedPairs()),
        };
        var drawing = new SvgDrawing(
            840,
            550,
            "Positional encodings",
            "Above: the numbers of 32 positions. Sines and cosines alternate, fast waves in the first columns, "
                + "slow ones in the last; learned "
                + "vectors begin without any order; rotary positions turn the pair of a feature and the one half a width further. Below: "
                + "cosine similarity of any two positions, which depends on their distance alone for sinusoidal and rotary positions."
        );
        var signed = new HeatMap
        {
            Values = [],
            Rows = Positions,
            Columns = Width,
            CellWidth = 7,
            CellHeight = 6,
            Least = -1,
            Scale = ColorScale.Cividis,
            RowTicks = Ticks(Positions),
            ColumnTicks = Ticks(Width),
        };
        for (var i = 0; i < panels.Length; i++)
        {
            var (title, table) = panels[i];
            var x = 10 + i * 276.0;
            var unit = table.div(table.norm(1, keepdim: true));
            var map = signed with { Title = title, Values = CourseFigures.Numbers(table), RowAxis = "position t", ColumnAxis = "feature" };
            map.Draw(drawing, x, 8);
            var likeness = signed with
            {
                Title = "cosine of two positions",
                Values = CourseFigures.Numbers(unit.matmul(unit.t())),
                RowAxis = "position t",
                ColumnAxis = "position s",
            };
            likeness.Draw(drawing, x, 266);
        }
        signed.DrawScale(drawing, 360, 522);
        return drawing.ToString();

        static (int, string)[] Ticks(int count) => [.. Enumerable.Range(0, count / 8).Select(i => (i * 8, $"{i * 8}"))];
    }

    /// <summary>Waves of single features over the positions, and the frequency of each pair of features.</summary>
    public static string Frequencies()
    {
        const int Length = 60;
        int[] features = [4, 5, 8, 12, 16];
        var table = SinusoidalEncoding.Table(Length, Width);
        var drawing = new SvgDrawing(
            920,
            330,
            "Frequencies of features",
            "Left: features of a sinusoidal encoding of width 32 over 60 positions; feature 5 is feature 4 a quarter of a wave earlier, "
                + "higher features are slower. Right: the frequency of each pair falls from 1 radian a position to nearly 1/10,000."
        );
        new LineChart
        {
            Title = $"features of PE, d = {Width}",
            XName = "position t",
            YName = "value",
            Width = 540,
            Height = 320,
            XTicks = [0, 10, 20, 30, 40, 50, 60],
            YTicks = [-1, -0.5, 0, 0.5, 1],
            Series =
            [
                .. features.Select(feature => new ChartSeries(
                    $"{feature} ({(feature % 2 == 0 ? "sin" : "cos")} tω{Subscript(feature / 2)})",
                    [.. Enumerable.Range(0, Length).Select(position => ((double)position, (double)table[position * Width + feature]))]
                )),
            ],
        }.Draw(drawing, 0, 4);
        new LineChart
        {
            Title = "ω_j = 10000^(−2j/d)",
            XName = "pair j: features 2j and 2j + 1",
            YName = "radians a position",
            Width = 370,
            Height = 320,
            XTicks = [0, 4, 8, 12, 16],
            YTicks = [0.0001, 0.001, 0.01, 0.1, 1],
            YIsLogarithmic = true,
            Series =
            [
                new ChartSeries(
                    "frequency",
                    [.. Enumerable.Range(0, Width / 2).Select(pair => ((double)pair, SinusoidalEncoding.Frequency(pair, Width)))],
                    Dotted: true
                ),
            ],
        }.Draw(drawing, 545, 4);
        return drawing.ToString();

        static string Subscript(int number) => string.Concat($"{number}".Select(digit => (char)('₀' + digit - '0')));
    }

    /// <summary>A shift in position is a rotation of each pair of features, by the same matrix wherever it starts.</summary>
    public static string Rotation()
    {
        const int Shift = 3;
        int[] starts = [0, 7, 20];
        string?[] dashes = [null, "7 3", "2 3"];
        var table = SinusoidalEncoding.Table(64, Width);
        var drawing = new SvgDrawing(
            812,
            410,
            "A shift is a rotation",
            "Three pairs of features as points of the unit circle, the sine to the right and the cosine upwards. From any position, three "
                + "positions further turn the pair clockwise by the same angle, with the matrix that stands below."
        );
        for (var panel = 0; panel < 3; panel++)
        {
            var pair = panel * 2 + 1;
            var (cx, cy, radius) = (130 + panel * 256.0, 160.0, 96.0);
            var frequency = SinusoidalEncoding.Frequency(pair, Width);
            var angle = Shift * frequency;
            drawing.Text(
                cx,
                20,
                $"pair {pair}: δ = {Shift} turns by δω{(char)('₀' + pair)} = {angle * 180 / Math.PI:F0}°",
                12,
                "middle",
                bold: true
            );
            drawing.Curve(Enumerable.Range(0, 73).Select(i => OnCircle(i * Math.PI / 36, radius)), "#bbb", 1);
            drawing.Line(cx - radius - 8, cy, cx + radius + 8, cy, "#999");
            drawing.Line(cx, cy - radius - 8, cx, cy + radius + 8, "#999");
            drawing.Text(cx + radius + 11, cy + 3, $"feature {2 * pair}", 9);
            drawing.Text(cx + 5, cy - radius - 8, $"feature {2 * pair + 1}", 9);
            for (var i = 0; i < starts.Length; i++)
            {
                var color = ColorScale.Lines[i + 1];
                var (from, to) = (At(starts[i]), At(starts[i] + Shift));
                // The way along the circle, from t to t + δ.
                drawing.Curve(
                    Enumerable.Range(0, 21).Select(step => OnCircle(starts[i] * frequency + angle * step / 20, radius * (0.6 + 0.15 * i))),
                    color,
                    2.5,
                    dashes[i]
                );
                drawing.Line(cx, cy, from.X, from.Y, color, 1);
                drawing.Line(cx, cy, to.X, to.Y, color, 1);
                drawing.Dot(from.X, from.Y, 4, "#fff", color);
                drawing.Dot(to.X, to.Y, 4, color);
            }
            Matrix(cx, angle);

            // The sine of a pair, its even feature, to the right; the cosine, its odd one, upwards.
            (double X, double Y) At(int position) =>
                (cx + radius * table[position * Width + 2 * pair], cy - radius * table[position * Width + 2 * pair + 1]);
            (double X, double Y) OnCircle(double phase, double r) => (cx + r * Math.Sin(phase), cy - r * Math.Cos(phase));
        }
        for (var i = 0; i < starts.Length; i++)
        {
            var x = 20 + i * 140;
            drawing.Line(x, 386, x + 22, 386, ColorScale.Lines[i + 1], 2.5, dashes[i]);
            drawing.Text(x + 28, 390, $"t = {starts[i]} → {starts[i] + Shift}", 11);
        }
        drawing.Dot(466, 386, 4, "#fff", "#222");
        drawing.Text(476, 390, "hollow: position t", 11);
        drawing.Dot(606, 386, 4, "#222");
        drawing.Text(616, 390, "filled: position t + δ", 11);
        return drawing.ToString();

        // [cos δω, sin δω; −sin δω, cos δω] times the pair at t is the pair at t + δ.
        void Matrix(double x, double angle)
        {
            var (cosine, sine) = (SvgDrawing.Fixed(Math.Cos(angle), 2), SvgDrawing.Fixed(Math.Sin(angle), 2));
            var minus = SvgDrawing.Fixed(-Math.Sin(angle), 2).Replace('-', '−');
            foreach (var (left, width) in new[] { (x - 112, 86.0), (x - 16, 40), (x + 46, 66) })
            {
                drawing.Curve([(left + 5, 304), (left, 304), (left, 346), (left + 5, 346)], "#666", 1);
                drawing.Curve([(left + width - 5, 304), (left + width, 304), (left + width, 346), (left + width - 5, 346)], "#666", 1);
            }
            drawing.Text(x - 90, 320, cosine, 11, "middle");
            drawing.Text(x - 48, 320, sine, 11, "middle");
            drawing.Text(x - 90, 338, minus, 11, "middle");
            drawing.Text(x - 48, 338, cosine, 11, "middle");
            drawing.Text(x + 4, 320, "sin tω", 11, "middle");
            drawing.Text(x + 4, 338, "cos tω", 11, "middle");
            drawing.Text(x + 35, 329, "=", 11, "middle");
            drawing.Text(x + 79, 320, "sin (t+δ)ω", 11, "middle");
            drawing.Text(x + 79, 338, "cos (t+δ)ω", 11, "middle");
        }
    }

    // A model's learned positions as they are before the first step.
    private static Tensor FirstLearnedPositions()
    {
        using var model = ModelFactory.Create(
            new TransformerOptions
            {
                Width = Width,
                Layers = 1,
                FeedForward = 1,
                Positions = PositionKind.Learned,
                LearnedPositions = Positions,
            },
            vocabularySize: 8,
            seed: 1
        );
        return model.named_parameters().Single(parameter => parameter.name == "positions.weight").parameter.clone();
    }

    // The pairs (1, 0), turned: cosines in the first half of the features, sines in the second.
    private static Tensor RotatedPairs()
    {
        using var rotary = new RotaryEncoding(Width);
        var pairs = cat([ones(Positions, Width / 2), zeros(Positions, Width / 2)], 1);
        return rotary.forward(pairs.view(1, 1, Positions, Width)).view(Positions, Width);
    }
}
