using TrainingCluster.Modeling.Course;

namespace TrainingCluster.Cli.Figures;

/// <summary>Pictures of the recurrent encoder-decoder: how it is wired, and what its attention becomes.</summary>
public static class RecurrentFigures
{
    private const string Read = "#0072b2";
    private const string Written = "#d55e00";
    private const string Found = "#009e73";

    /// <summary>Keys, values, query and initial state at one step of the decoder.</summary>
    public static string SequenceToSequence()
    {
        var drawing = new SvgDrawing(
            760,
            300,
            "One step of a decoder with attention",
            "The encoder's states are keys and values. The decoder's state of the step before is the query. The weighted sum of the values "
                + "and the embedding of the last token go into the decoder's cell, whose new state names the next token. "
                + "The encoder's last "
                + "state is the decoder's first."
        );
        string[] source = ["x₁", "x₂", "x₃", "<eos>"];
        for (var i = 0; i < source.Length; i++)
        {
            var x = 40 + i * 90;
            drawing.Text(x + 26, 284, source[i], 12, "middle");
            Arrow(drawing, x + 26, 268, x + 26, 240, Read);
            Box(drawing, x, 206, 52, 32, $"h{Subscript(i + 1)}", Read);
            if (i > 0)
            {
                Arrow(drawing, x - 38, 222, x - 2, 222, Read);
            }
            // Both as key and as value.
            Arrow(drawing, x + 26, 204, 176, 122, "#999");
        }
        drawing.Text(4, 138, "keys and values: all h", 11);
        Box(drawing, 116, 84, 120, 36, "attention", Found);
        Arrow(drawing, 238, 102, 496, 102, Found);
        drawing.Text(366, 95, "c = Σ αᵢ hᵢ", 12, "middle");
        Arrow(drawing, 362, 222, 496, 222, Read);
        drawing.Text(430, 240, "initial state s₀", 11, "middle");

        Box(drawing, 500, 206, 60, 32, "s₀", Written);
        Arrow(drawing, 530, 204, 530, 122, Written);
        Box(drawing, 500, 84, 60, 36, "s₁", Written);
        Arrow(drawing, 562, 102, 632, 102, Written);
        Box(drawing, 636, 84, 60, 36, "s₂ …", Written);
        // The query goes back along the lower side.
        Arrow(drawing, 498, 214, 238, 116, Written);
        drawing.Text(388, 158, "query: s₀ for s₁", 11);
        Arrow(drawing, 530, 82, 530, 50, Written);
        drawing.Text(530, 42, "y₁", 12, "middle");
        Arrow(drawing, 666, 82, 666, 50, Written);
        drawing.Text(666, 42, "y₂", 12, "middle");
        Arrow(drawing, 590, 160, 556, 122, Written);
        drawing.Text(594, 170, "embedding of y₀ = <bos>", 11);
        return drawing.ToString();
    }

    /// <summary>Where a model looks before, midway and after it learns to write six letters backwards, and its loss.</summary>
    public static string Reversal()
    {
        using var model = RecurrentReversal.CreateModel();
        var maps = new List<(int Step, float[,] Weights)>();
        var losses = ToyTrainer.Train(
            model,
            RecurrentReversal.Task,
            RecurrentReversal.Training,
            step =>
            {
                if (RecurrentReversal.Looks.Contains(step))
                {
                    maps.Add((step, CrossAttention.Of(model, RecurrentReversal.Examples)));
                }
            }
        );
        var drawing = new SvgDrawing(
            900,
            300,
            "An alignment is learned",
            "Attention weights of a recurrent model that writes six letters backwards, before training, midway and after it: from an even "
                + "grey to the anti-diagonal. Right: the loss of each step."
        );
        string[] places = [.. Enumerable.Range(1, RecurrentReversal.Task.Length).Select(place => $"{place}"), "<eos>"];
        for (var i = 0; i < maps.Count; i++)
        {
            var map = new HeatMap
            {
                Values = [.. maps[i].Weights.Cast<float>()],
                Rows = places.Length,
                Columns = places.Length,
                RowNames = places,
                ColumnNames = places,
                CellWidth = 20,
                CellHeight = 20,
                Title = maps[i].Step == 0 ? "before training" : $"after {maps[i].Step} steps",
            };
            map.Draw(drawing, 10 + i * 195, 10);
            if (i == 0)
            {
                map.DrawScale(drawing, 50, 240);
            }
        }
        drawing.Text(200, 249, "a row: the letter that is written; a column: the letter that is read; mean of 100 sequences", 10);
        new LineChart
        {
            Title = "loss, in nats a token",
            XName = "step",
            YName = "loss",
            Width = 300,
            Height = 230,
            XTicks = [0, 144, 288, 432],
            YTicks = [0, 0.5, 1, 1.5, 2, 2.5],
            Series = [new ChartSeries("loss", [.. losses.Chunk(8).Select((some, i) => (8.0 * i + 4, some.Average()))])],
        }.Draw(drawing, 596, 4);
        return drawing.ToString();
    }

    private static void Box(SvgDrawing drawing, double x, double y, double width, double height, string text, string color)
    {
        drawing.Rectangle(x, y, width, height, "#ffffff", color);
        drawing.Text(x + width / 2, y + height / 2 + 4, text, 12, "middle");
    }

    private static void Arrow(SvgDrawing drawing, double x1, double y1, double x2, double y2, string color)
    {
        drawing.Line(x1, y1, x2, y2, color, 1.5);
        var angle = Math.Atan2(y2 - y1, x2 - x1);
        foreach (var side in new[] { 2.65, -2.65 })
        {
            drawing.Line(x2, y2, x2 + 7 * Math.Cos(angle + side), y2 + 7 * Math.Sin(angle + side), color, 1.5);
        }
    }

    private static char Subscript(int digit) => (char)('₀' + digit);
}
