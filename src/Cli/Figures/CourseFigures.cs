using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Cli.Figures;

/// <summary>The pictures of a course on attention, computed by the library's own layers.</summary>
public static class CourseFigures
{
    /// <summary>All pictures: a file name and an SVG document each.</summary>
    public static IReadOnlyList<(string FileName, string Svg)> All() =>
        [
            ("kernel-regression.svg", KernelRegression()),
            ("positional-encoding.svg", PositionalEncoding()),
            ("rotation.svg", Rotation()),
            ("scores.svg", Scores()),
        ];

    /// <summary>Attention pooling as kernel regression: the curve, and how much each example counts where.</summary>
    public static string KernelRegression()
    {
        using var scope = NewDisposeScope();
        const int Examples = 40;
        // Fixed noise, so that the picture is the same at each drawing.
        var noise = Enumerable.Range(0, Examples).Select(i => 0.5 * Math.Sin(12.9898 * i * i + 4.1)).ToArray();
        var x = Enumerable.Range(0, Examples).Select(i => 5.0 * i / (Examples - 1)).ToArray();
        var y = x.Select((value, i) => Truth(value) + noise[i]).ToArray();
        var queries = Enumerable.Range(0, 60).Select(i => 5.0 * i / 59).ToArray();
        var (x_T, x_S, y_S) = (Floats(queries), Floats(x), Floats(y));
        var panels = new List<(double Width, float[] Curve, float[] Weights)>();
        foreach (var width in new[] { 1.0, 5.0 })
        {
            using var regression = new NadarayaWatson(width);
            panels.Add(
                (
                    width,
                    regression.forward(x_T, x_S, y_S).data<float>().ToArray(),
                    regression.Weights(x_T, x_S).contiguous().data<float>().ToArray()
                )
            );
        }
        var drawing = new SvgDrawing(
            920,
            330,
            "Kernel regression is attention pooling",
            "Left: noisy examples, the true curve and Nadaraya-Watson regressions with a wide and a narrow kernel. Right: the "
                + "attention weights of each, a query a row and an example a column."
        );
        new LineChart
        {
            Title = "f(x) = Σ α(x, xᵢ) yᵢ",
            XName = "x",
            YName = "y",
            Width = 440,
            Height = 320,
            Series =
            [
                new ChartSeries("truth", [.. queries.Select(value => (value, Truth(value)))]),
                .. panels.Select(panel => new ChartSeries($"w = {panel.Width}", [.. queries.Zip(panel.Curve, (a, b) => (a, (double)b))])),
                new ChartSeries("examples", [.. x.Zip(y)], Dotted: true),
            ],
        }.Draw(drawing, 0, 4);
        for (var i = 0; i < panels.Count; i++)
        {
            var map = new HeatMap
            {
                Values = panels[i].Weights,
                Rows = queries.Length,
                Columns = Examples,
                CellWidth = 5,
                CellHeight = 4,
                Most = panels[i].Weights.Max(),
                Title = $"α for w = {panels[i].Width}",
            };
            map.Draw(drawing, 460 + i * 230, 20);
            map.DrawScale(drawing, 460 + i * 230, 290, 200);
        }
        drawing.Text(560, 326, "columns: examples xᵢ; rows: queries x", 10, "middle");
        return drawing.ToString();

        static double Truth(double value) => 2 * Math.Sin(value) + Math.Pow(value, 0.8);
    }

    /// <summary>The sinusoidal encoding as an image: a position a row, a feature a column.</summary>
    public static string PositionalEncoding()
    {
        const int Positions = 64,
            Width = 96;
        var map = new HeatMap
        {
            Values = SinusoidalEncoding.Table(Positions, Width),
            Rows = Positions,
            Columns = Width,
            CellWidth = 6,
            CellHeight = 5,
            Least = -1,
            Scale = ColorScale.Cividis,
            Title = "PE(t, 2j) = sin(t ω_j), PE(t, 2j+1) = cos(t ω_j)",
        };
        var drawing = new SvgDrawing(
            660,
            400,
            "Positional encoding",
            "Sines on even and cosines on odd features: fast waves in the first columns, slow ones in the last."
        );
        map.Draw(drawing, 50, 10);
        foreach (var position in new[] { 0, 16, 32, 48 })
        {
            drawing.Text(44, 32 + position * 5 + 3, SvgDrawing.N(position), 10, "end");
        }
        foreach (var feature in new[] { 0, 16, 32, 48, 64, 80 })
        {
            drawing.Text(53 + feature * 6, 362, SvgDrawing.N(feature), 10, "middle");
        }
        drawing.Text(14, 190, "position t", 11, "middle", turn: -90);
        drawing.Text(250, 382, "feature", 11, "middle");
        map.DrawScale(drawing, 480, 372);
        return drawing.ToString();
    }

    /// <summary>A shift in position is a rotation of each pair, by the same angle wherever it starts.</summary>
    public static string Rotation()
    {
        const int Width = 32,
            Shift = 3;
        int[] starts = [0, 7, 20];
        string?[] dashes = [null, "7 3", "2 3"];
        var table = SinusoidalEncoding.Table(64, Width);
        var drawing = new SvgDrawing(
            760,
            300,
            "A shift is a rotation",
            "Three pairs of features on the unit circle: from any position, three positions further turn the pair by the same angle."
        );
        for (var panel = 0; panel < 3; panel++)
        {
            var pair = panel * 2 + 1;
            var (cx, cy, radius) = (130 + panel * 250.0, 160.0, 100.0);
            var angle = Shift * SinusoidalEncoding.Frequency(pair, Width);
            drawing.Text(cx, 24, $"pair {pair}: δ = {Shift} turns by {angle * 180 / Math.PI:F0}°", 12, "middle", bold: true);
            drawing.Curve(
                Enumerable.Range(0, 73).Select(i => (cx + radius * Math.Cos(i * Math.PI / 36), cy - radius * Math.Sin(i * Math.PI / 36))),
                "#bbb",
                1
            );
            drawing.Line(cx - radius, cy, cx + radius, cy, "#ddd");
            drawing.Line(cx, cy - radius, cx, cy + radius, "#ddd");
            for (var i = 0; i < starts.Length; i++)
            {
                var color = ColorScale.Lines[i + 1];
                var (from, to) = (At(starts[i]), At(starts[i] + Shift));
                // The way along the circle, from t to t + δ.
                drawing.Curve(
                    Enumerable
                        .Range(0, 21)
                        .Select(step =>
                            OnCircle(starts[i] * SinusoidalEncoding.Frequency(pair, Width) + angle * step / 20, radius * (0.6 + 0.15 * i))
                        ),
                    color,
                    2.5,
                    dashes[i]
                );
                drawing.Line(cx, cy, from.X, from.Y, color, 1);
                drawing.Line(cx, cy, to.X, to.Y, color, 1);
                drawing.Dot(from.X, from.Y, 4, "#fff", color);
                drawing.Dot(to.X, to.Y, 4, color);
            }
            (double X, double Y) At(int position) =>
                (cx + radius * table[position * Width + 2 * pair + 1], cy - radius * table[position * Width + 2 * pair]);
            (double X, double Y) OnCircle(double phase, double r) => (cx + r * Math.Cos(phase), cy - r * Math.Sin(phase));
        }
        for (var i = 0; i < starts.Length; i++)
        {
            var x = 190 + i * 140;
            drawing.Line(x, 284, x + 22, 284, ColorScale.Lines[i + 1], 2.5, dashes[i]);
            drawing.Text(x + 28, 288, $"t = {starts[i]} → {starts[i] + Shift}", 11);
        }
        return drawing.ToString();
    }

    /// <summary>Additive and dot-product scores of the same queries and keys, and what the softmax makes of them.</summary>
    public static string Scores()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        const int Queries = 8,
            Keys = 12,
            Size = 8;
        var (q, k) = (Features(Queries, 0.9), Features(Keys, 1.7));
        using var additive = new AdditiveScore(Size, Size, 16);
        foreach (var (parameter, i) in additive.parameters().Select((parameter, i) => (parameter, i)))
        {
            parameter.copy_(Features(parameter.shape[0], 0.37 + i, (int)parameter.shape[1]).squeeze(0).mul(0.9));
        }
        using var dot = new DotProductScore();
        var drawing = new SvgDrawing(
            760,
            330,
            "Additive and dot-product scores",
            "The scores of eight queries against twelve keys and their softmax: bounded for the additive score, growing with the "
                + "vectors' lengths for the scaled dot product."
        );
        var panels = new (string Name, AttentionScore Score)[]
        {
            ("additive: w_vᵀ tanh(W_q q + W_k k)", additive),
            ("scaled dot product: qᵀk / √d", dot),
        };
        for (var i = 0; i < panels.Length; i++)
        {
            var scores = panels[i].Score.forward(q, k);
            var values = scores.contiguous().data<float>().ToArray();
            var limit = Math.Ceiling(values.Max(Math.Abs));
            var weights = MaskedSoftmax.Apply(scores).contiguous().data<float>().ToArray();
            var x = 20 + i * 375;
            drawing.Text(x, 22, panels[i].Name, 12, bold: true);
            var raw = new HeatMap
            {
                Values = values,
                Rows = Queries,
                Columns = Keys,
                Least = -limit,
                Most = limit,
                Scale = ColorScale.Cividis,
                Title = "score",
            };
            var softmax = new HeatMap
            {
                Values = weights,
                Rows = Queries,
                Columns = Keys,
                Most = 1,
                Title = "softmax over the keys",
            };
            raw.Draw(drawing, x, 34);
            raw.DrawScale(drawing, x + 200, 60);
            softmax.Draw(drawing, x, 180);
            softmax.DrawScale(drawing, x + 200, 206);
        }
        drawing.Text(380, 322, "rows: queries; columns: keys, the same on both sides", 10, "middle");
        return drawing.ToString();
    }

    private static Tensor Floats(double[] values) => tensor(values.Select(value => (float)value).ToArray());

    // Numbers that look random and are the same at each drawing: [1, rows, size].
    private static Tensor Features(long rows, double phase, int size = 8) =>
        tensor(
            Enumerable.Range(0, (int)rows * size).Select(i => (float)(1.4 * Math.Sin(phase * (i + 1) * (i % 7 + 1)))).ToArray(),
            new long[] { 1, rows, size }
        );
}
