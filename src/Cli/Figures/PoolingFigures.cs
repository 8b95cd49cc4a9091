using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Cli.Figures;

/// <summary>The pictures of cues, of attention pooling and of masks.</summary>
public static class PoolingFigures
{
    private const int Examples = 40;
    private const int Queries = 40;

    /// <summary>The same keys and values under three queries: none, what stands out, and something to read.</summary>
    public static string AttentionCues()
    {
        using var scope = NewDisposeScope();
        string[] things = ["newspaper", "article", "red cup", "notebook", "book"];
        // A key has two features, how much a thing stands out and how much there is to read; its value is the words that it brings.
        var keys = tensor(
                new float[,]
                {
                    { 0, 1.5f },
                    { 0, 2 },
                    { 3, 0 },
                    { 0, 1 },
                    { 0, 4 },
                }
            )
            .unsqueeze(0);
        float[] values = [30, 50, 2, 20, 80];
        using var mean = new AttentionPooling(new KernelScore(Kernel.Constant));
        using var dot = new AttentionPooling(new DotProductScore(scaled: false));
        var panels = new (string Title, string Subtitle, AttentionPooling Pooling, float[] Query)[]
        {
            ("no cue: all alike", "constant score: average pooling", mean, [0, 0]),
            ("involuntary cue: what stands out", "query (1, 0): the keys' first feature", dot, [1, 0]),
            ("voluntary cue: something to read", "query (0, 1): the keys' second feature", dot, [0, 1]),
        };
        var drawing = new SvgDrawing(
            920,
            240,
            "Attention cues",
            "Weights of five things on a desk under three queries. Without a query all count alike; by what stands out the red cup takes "
                + "most; for something to read the book does. Below each, the weighted sum of the values."
        );
        for (var panel = 0; panel < panels.Length; panel++)
        {
            var (title, subtitle, pooling, query) = panels[panel];
            var q = tensor(query).view(1, 1, 2);
            var weights = CourseFigures.Numbers(pooling.Weights(q, keys));
            var sum = pooling.forward(q, keys, tensor(values).view(1, 5, 1)).item<float>();
            var left = 14 + panel * 306.0;
            drawing.Text(left, 22, title, 12, bold: true);
            drawing.Text(left, 38, subtitle, 10);
            drawing.Text(left + 66, 58, "key", 9, "end");
            drawing.Text(left + 76, 58, "weight α", 9);
            drawing.Text(left + 286, 58, "value", 9, "end");
            for (var i = 0; i < things.Length; i++)
            {
                var y = 66 + i * 27.0;
                drawing.Text(left + 66, y + 13, things[i], 10, "end");
                drawing.Rectangle(left + 76, y, 150 * weights[i], 18, ColorScale.Lines[panel == 0 ? 5 : panel]);
                drawing.Text(left + 80 + 150 * weights[i], y + 13, SvgDrawing.Fixed(weights[i], 2), 10);
                drawing.Text(left + 286, y + 13, SvgDrawing.N(values[i]), 10, "end");
            }
            drawing.Text(left + 286, 222, $"Σ α v = {SvgDrawing.Fixed(sum, 1)}", 11, "end", bold: true);
        }
        return drawing.ToString();
    }

    /// <summary>Attention pooling as kernel regression: widths, kernels, a width that is learned, and the weights of each.</summary>
    public static string KernelRegression()
    {
        using var scope = NewDisposeScope();
        var (examples, values) = NoisyExamples();
        var queries = linspace(0, 5, Queries);
        var mean = Regress(new NadarayaWatson(kernel: Kernel.Constant));
        var boxcar = Regress(new NadarayaWatson(kernel: Kernel.Boxcar));
        var epanechnikov = Regress(new NadarayaWatson(kernel: Kernel.Epanechnikov));
        var (wide, narrow) = (Regress(new NadarayaWatson(1)), Regress(new NadarayaWatson(10)));
        using var learned = LearnSharpness(examples, values);
        var sharpness = learned.Sharpness;
        var learnedName = $"learned w = {SvgDrawing.Fixed(sharpness, 2)}";
        var fitted = Regress(learned);
        var drawing = new SvgDrawing(
            920,
            620,
            "Kernel regression is attention pooling",
            "Above: noisy examples, the true curve, and Nadaraya-Watson regressions with three sharpnesses (left) and with three other "
                + "kernels (right). Below: the attention weights of four of them on one scale, a query a row and an example a column."
        );
        Chart("Gaussian kernels of several widths σ = 1/w", ("w = 1", wide.Curve), ("w = 10", narrow.Curve), (learnedName, fitted.Curve))
            .Draw(drawing, 0, 4);
        Chart("one width, w = 1, several kernels", ("mean", mean.Curve), ("boxcar", boxcar.Curve), ("Epanechnikov", epanechnikov.Curve))
            .Draw(drawing, 460, 4);
        var panels = new (string Title, float[] Weights)[]
        {
            ("α: mean", mean.Weights),
            ("α: boxcar, w = 1", boxcar.Weights),
            ("α: Gaussian, w = 1", wide.Weights),
            ($"α: {learnedName}, σ = {SvgDrawing.Fixed(1 / sharpness, 2)}", fitted.Weights),
        };
        // One scale for all, so that a colour means one weight.
        var most = Math.Ceiling(panels.Max(panel => panel.Weights.Max()) * 20) / 20;
        var maps = panels
            .Select(
                (panel, i) =>
                    new HeatMap
                    {
                        Values = panel.Weights,
                        Rows = Queries,
                        Columns = Examples,
                        CellWidth = 4.8,
                        CellHeight = 4.8,
                        Most = most,
                        Title = panel.Title,
                        RowTicks = Ticks(Queries),
                        ColumnTicks = Ticks(Examples),
                        RowAxis = i == 0 ? "query x" : "",
                        ColumnAxis = "example xᵢ",
                    }
            )
            .ToList();
        var x = 8.0;
        foreach (var map in maps)
        {
            map.Draw(drawing, x, 340);
            x += map.Width + 18;
        }
        maps[0].DrawScale(drawing, 400, 594);
        drawing.Text(534, 602, "weight α", 10);
        return drawing.ToString();

        (float[] Curve, float[] Weights) Regress(NadarayaWatson regression)
        {
            using (regression)
            {
                var curve = regression.forward(queries, examples, values);
                return (CourseFigures.Numbers(curve), CourseFigures.Numbers(regression.Weights(queries, examples)));
            }
        }
        LineChart Chart(string title, params (string Name, float[] Curve)[] regressions)
        {
            var x = CourseFigures.Numbers(queries);
            return new()
            {
                Title = title,
                XName = "x",
                YName = "y",
                Width = 450,
                Height = 320,
                YTicks = [-1, 0, 1, 2, 3, 4, 5],
                Series =
                [
                    new ChartSeries("truth", [.. x.Select(at => ((double)at, Truth(at)))]),
                    .. regressions.Select(one => new ChartSeries(one.Name, Points(x, one.Curve))),
                    new ChartSeries("examples", Points(CourseFigures.Numbers(examples), CourseFigures.Numbers(values)), Dotted: true),
                ],
            };
        }
        static (int, string)[] Ticks(int count) =>
            [.. Enumerable.Range(0, 6).Select(i => ((int)Math.Round(i * (count - 1) / 5.0), $"{i}"))];
        static (double, double)[] Points(float[] x, float[] y) => [.. x.Zip(y, (a, b) => ((double)a, (double)b))];
    }

    /// <summary>The course's examples: 40 points of a curve with noise.</summary>
    public static (Tensor X_S, Tensor Y_S) NoisyExamples()
    {
        var x = Enumerable.Range(0, Examples).Select(i => 5.0 * i / (Examples - 1)).ToArray();
        // Fixed noise, so that the picture is the same at each drawing.
        var y = x.Select((value, i) => Truth(value) + 0.5 * Math.Sin(12.9898 * i * i + 4.1));
        return (tensor(x.Select(value => (float)value).ToArray()), tensor(y.Select(value => (float)value).ToArray()));
    }

    /// <summary>A regression whose sharpness has learned to predict each example from the others.</summary>
    public static NadarayaWatson LearnSharpness(Tensor x_S, Tensor y_S)
    {
        var regression = new NadarayaWatson(sharpness: 1, learned: true);
        using var scope = NewDisposeScope();
        // Each example may use the others alone: with itself, the sharpest kernel would be the best.
        var others = AttentionMask.FromBoolean(eye(x_S.shape[0], dtype: ScalarType.Bool).logical_not());
        using var optimizer = new Adam(regression.parameters(), learningRate: 0.5);
        for (var step = 0; step < 400; step++)
        {
            using var stepScope = NewDisposeScope();
            optimizer.ZeroGradients();
            regression.forward(x_S, x_S, y_S, others).sub(y_S).pow(Number.Of(2)).mean().backward();
            optimizer.Step();
        }
        return regression;
    }

    /// <summary>Scores, what two masks leave of them, and the weights.</summary>
    public static string MaskedSoftmax()
    {
        using var scope = NewDisposeScope();
        const int Length = 5;
        var scores = tensor(
            new float[,]
            {
                { 2, 1, 0, 1, 2 },
                { 0, 2, 1, 3, 1 },
                { 1, 0, 3, 2, 0 },
                { 3, 1, 1, 0, 2 },
                { 1, 2, 0, 1, 1 },
            }
        );
        var rows = new (string Title, AttentionMask Mask)[]
        {
            (
                "lengths 5, 4, 2, 1, 0",
                AttentionMask.FromLengths(
                    tensor(
                        new long[,]
                        {
                            { 5, 4, 2, 1, 0 },
                        }
                    ),
                    Length
                )
            ),
            ("causal: nothing after itself", AttentionMask.Causal),
        };
        var drawing = new SvgDrawing(
            740,
            380,
            "Masked softmax",
            "The same scores under two masks: which keys each query may attend to, and the softmax of the scores that are left. A row "
                + "adds up to 1; the query of length 0 has weights of zero."
        );
        for (var i = 0; i < rows.Length; i++)
        {
            var y = 6 + i * 176;
            var weights = Modeling.Attention.MaskedSoftmax.Apply(scores.unsqueeze(0), rows[i].Mask);
            Map("scores", scores, 3, 0).Draw(drawing, 10, y);
            // What is allowed is what has a weight.
            Map($"mask: {rows[i].Title}", weights.gt(Number.Of(0)).to(float32), 1, 0).Draw(drawing, 256, y);
            var map = Map("weights", weights, 1, 2);
            map.Draw(drawing, 502, y);
            if (i == 0)
            {
                map.DrawScale(drawing, 548, 358);
                drawing.Text(684, 366, "weight", 10);
            }
        }
        return drawing.ToString();

        static HeatMap Map(string title, Tensor values, double most, int digits) =>
            new()
            {
                Values = CourseFigures.Numbers(values),
                Rows = Length,
                Columns = Length,
                CellWidth = 38,
                CellHeight = 22,
                Most = most,
                Digits = digits,
                Title = title,
                RowTicks = [.. Enumerable.Range(0, Length).Select(row => (row, $"{row}"))],
                ColumnTicks = [.. Enumerable.Range(0, Length).Select(column => (column, $"{column}"))],
                RowAxis = "query",
                ColumnAxis = "key",
            };
    }

    private static double Truth(double x) => 2 * Math.Sin(x) + Math.Pow(x, 0.8);
}
