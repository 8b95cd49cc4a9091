using TrainingCluster.Cli.Commands;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Decoding;
using static TorchSharp.torch;

namespace TrainingCluster.Cli.Figures;

/// <summary>The pictures of the course's second half: self-attention to what heads learn.</summary>
public static class TransformerFigures
{
    private const string Blue = "#0072b2";
    private const string Orange = "#d55e00";
    private const string Grey = "#999";

    // A test draws every picture more than once.
    private static readonly Lazy<IReadOnlyList<AblationRun>> s_positions = new(Ablations.Positions);
    private static readonly Lazy<IReadOnlyList<AblationRun>> s_mask = new(Ablations.Mask);
    private static readonly Lazy<IReadOnlyList<AblationRun>> s_scale = new(Ablations.Scale);
    private static readonly Lazy<IReadOnlyList<(int Heads, IReadOnlyList<double> Losses)>> s_twoPlaces = new(() =>
        [.. new[] { 1, 2, 4 }.Select(heads => (heads, TwoPlaces.Train(heads)))]
    );
    private static readonly Lazy<IReadOnlyList<LearnedHead>> s_learned = new(LearnedHeadsOfSmallModel);

    /// <summary>All of them, in the order of the course.</summary>
    public static IReadOnlyList<CourseFigure> All() =>
        [
            new("self-attention.svg", SelfAttention, CourseFigure.Computed),
            new("paths.svg", Paths, CourseFigure.Computed),
            new("positions-taken-away.svg", PositionsTakenAway, CourseFigure.Trained),
            new("transformer.svg", TransformerDiagram.Draw, CourseFigure.Computed),
            new("keys-and-values.svg", KeysAndValues, CourseFigure.Computed),
            new("mask-taken-away.svg", MaskTakenAway, CourseFigure.Trained),
            new("multi-head.svg", MultiHeadDiagram.Draw, CourseFigure.Computed),
            new("heads-and-scale.svg", HeadsAndScale, CourseFigure.Trained),
            new("learned-heads.svg", LearnedHeadMaps, CourseFigure.TrainedHeads),
            new("date-heads.svg", DateHeads, CourseFigure.Computed),
        ];

    /// <summary>The weights of a sentence to itself: as it is, backwards, and with the causal mask.</summary>
    public static string SelfAttention()
    {
        using var scope = NewDisposeScope();
        using var attention = ToySentence.Layer();
        var words = ToySentence.Words;
        IReadOnlyList<string> backwards = [.. words.Reverse()];
        var drawing = new SvgDrawing(
            760,
            270,
            "Self-attention",
            "The weights of five words to themselves. Both rows of 'the' are the same. Backwards, the same weights stand in other places. "
                + "With the causal mask no word looks at a later one."
        );
        var panels = new (string Title, IReadOnlyList<string> Words, AttentionMask Mask)[]
        {
            ("the sentence", words, AttentionMask.None),
            ("the sentence backwards", backwards, AttentionMask.None),
            ("with the causal mask", words, AttentionMask.Causal),
        };
        for (var i = 0; i < panels.Length; i++)
        {
            var weights = attention.Weights(ToySentence.Embed(panels[i].Words), panels[i].Mask);
            var map = new HeatMap
            {
                Values = weights.detach().contiguous().data<float>().ToArray(),
                Rows = words.Count,
                Columns = words.Count,
                RowNames = panels[i].Words,
                ColumnNames = panels[i].Words,
                CellWidth = 32,
                CellHeight = 32,
                Digits = 2,
                Title = panels[i].Title,
            };
            map.Draw(drawing, 20 + i * 245, 12);
            if (i == 0)
            {
                map.DrawScale(drawing, 46, 228);
            }
        }
        drawing.Text(180, 236, "share of a row's weight; rows ask, columns answer", 10);
        return drawing.ToString();
    }

    /// <summary>The way from the first token to the last output through a convolution, a recurrence and self-attention.</summary>
    public static string Paths()
    {
        const int Tokens = 5;
        var drawing = new SvgDrawing(
            780,
            250,
            "The way from the first token to the last output",
            "Five tokens. Through a convolution of kernel 3 the way takes four layers, through a recurrence five steps one after another, "
                + "through self-attention one step."
        );
        Panel(20, "convolution, kernel 3: four layers", 4, (layer, i, j) => Math.Abs(i - j) <= 1, layer => layer);
        Panel(280, "recurrence: a step after a step", 1, (layer, i, j) => i == j, _ => 0, chained: true);
        Panel(540, "self-attention: one step", 1, (_, _, _) => true, _ => 0);
        drawing.Text(20, 240, "below: the tokens x₁ … x₅; above: the layers' outputs; orange: from x₁ to the last output", 10);
        return drawing.ToString();

        void Panel(double x, string title, int layers, Func<int, int, int, bool> connects, Func<int, int> pathAt, bool chained = false)
        {
            drawing.Text(x, 20, title, 12, bold: true);
            double X(int token) => x + 18 + token * 46;
            double Y(int layer) => 210 - layer * (layers == 1 ? 90 : 42.0);
            for (var layer = 0; layer < layers; layer++)
            {
                for (var i = 0; i < Tokens; i++)
                {
                    for (var j = 0; j < Tokens; j++)
                    {
                        if (connects(layer, i, j))
                        {
                            var onPath = chained ? i == 0 : i == pathAt(layer) && j == (layers == 1 ? Tokens - 1 : pathAt(layer) + 1);
                            drawing.Line(X(i), Y(layer), X(j), Y(layer + 1), onPath ? Orange : "#ccc", onPath ? 3 : 1);
                        }
                    }
                }
            }
            if (chained)
            {
                for (var i = 0; i + 1 < Tokens; i++)
                {
                    drawing.Line(X(i), Y(1), X(i + 1), Y(1), Orange, 3);
                }
            }
            for (var layer = 0; layer <= layers; layer++)
            {
                for (var i = 0; i < Tokens; i++)
                {
                    drawing.Dot(X(i), Y(layer), 7, layer == 0 ? "#fff" : Blue, layer == 0 ? "#333" : null);
                }
            }
        }
    }

    /// <summary>The loss of a model without positions, beside three kinds of positions.</summary>
    public static string PositionsTakenAway() => Losses("Reversing six letters, by the kind of positions", s_positions.Value).ToSvg();

    /// <summary>The keys that are kept, step by step.</summary>
    public static string KeysAndValues()
    {
        const int Steps = 6;
        var drawing = new SvgDrawing(
            640,
            250,
            "Keys and values grow with the answer",
            "At step t the decoder computes one new key and value and reads t of them. "
                + "Without keeping them it would compute t at each step."
        );
        drawing.Text(20, 22, "kept: one new key and value a step", 12, bold: true);
        drawing.Text(340, 22, "not kept: all of them anew at each step", 12, bold: true);
        foreach (var (left, kept) in new[] { (20.0, true), (340.0, false) })
        {
            for (var step = 0; step < Steps; step++)
            {
                drawing.Text(left + 44, 54 + step * 28, $"step {step + 1}", 10, "end");
                for (var key = 0; key <= step; key++)
                {
                    var computed = !kept || key == step;
                    drawing.Rectangle(left + 54 + key * 34, 38 + step * 28, 28, 22, computed ? Orange : "#cfe3f2", Grey);
                }
            }
        }
        drawing.Rectangle(20, 224, 14, 12, Orange, Grey);
        drawing.Text(40, 234, "computed in this step", 10);
        drawing.Rectangle(190, 224, 14, 12, "#cfe3f2", Grey);
        drawing.Text(210, 234, "read from the cache", 10);
        return drawing.ToString();
    }

    /// <summary>The loss of a decoder with its mask and without, and what each writes.</summary>
    public static string MaskTakenAway()
    {
        var chart = Losses("Loss under teacher forcing, with the decoder's mask and without", s_mask.Value);
        var drawing = new SvgDrawing(
            620,
            380,
            chart.Title,
            "Without the mask the loss falls to zero sooner, and the model writes hardly any new sequence right."
        );
        chart.Draw(drawing, 0, 4);
        for (var i = 0; i < s_mask.Value.Count; i++)
        {
            var run = s_mask.Value[i];
            drawing.Text(52, 344 + i * 18, $"{run.Name}: writes {(run.Right > 0.9 ? "nearly all" : "nearly no")} new sequences right", 11);
        }
        return drawing.ToString();
    }

    /// <summary>One head beside more, on a task that takes two; and scores with their scale beside scores without.</summary>
    public static string HeadsAndScale()
    {
        var drawing = new SvgDrawing(
            920,
            330,
            "Heads and scale",
            "Left: one head stays at an error of one half, two and four heads come to zero. "
                + "Right: with scores divided by √d the loss falls "
                + "sooner than without."
        );
        new LineChart
        {
            Title = "Two places at once: one, two and four heads",
            XName = "step",
            YName = "mean squared error",
            XTicks = [0, 100, 200, 300],
            YTicks = [0, 0.25, 0.5, 0.75, 1, 1.25],
            Width = 450,
            Height = 320,
            Series =
            [
                .. s_twoPlaces.Value.Select(run => new ChartSeries(
                    run.Heads == 1 ? "one head" : $"{run.Heads} heads",
                    Means(run.Losses, most: 1.25)
                )),
            ],
        }.Draw(drawing, 0, 4);
        (Losses("One head of 64 features, scores / √64 or not", s_scale.Value) with { Width = 450 }).Draw(drawing, 460, 4);
        return drawing.ToString();
    }

    /// <summary>The heads of a small model that has learned to reverse.</summary>
    public static string LearnedHeadMaps()
    {
        var drawing = new SvgDrawing(
            700,
            600,
            "What the heads of a small model learned",
            "Every head of a Transformer of two layers and two heads that writes abcdef backwards. Each head of cross-attention has its "
                + "weight on the anti-diagonal: the letter that is written."
        );
        var rows = s_learned.Value.GroupBy(head => head.Map.Kind).OrderBy(row => row.Key).ToList();
        for (var row = 0; row < rows.Count; row++)
        {
            drawing.Text(16, 22 + row * 196, Name(rows[row].Key), 12, bold: true);
            foreach (var (map, column) in rows[row].Select((head, column) => (head.Map, column)))
            {
                new HeatMap
                {
                    Values = map.Weights,
                    Rows = map.Queries.Count,
                    Columns = map.Keys.Count,
                    RowNames = map.Queries,
                    ColumnNames = map.Keys,
                    CellWidth = 16,
                    CellHeight = 16,
                    Title = $"layer {map.Layer}, head {map.Head}",
                }.Draw(drawing, 16 + column * 168, 28 + row * 196);
            }
        }
        return drawing.ToString();
    }

    /// <summary>Where the example model of dates looks while it writes one: every head of cross-attention.</summary>
    public static string DateHeads()
    {
        using var translator = Translator.Open(AttentionCommand.ExampleModel);
        var recording = AttentionRecorder.Record(translator, "3. Mai 2021");
        return AttentionFigure.Draw(recording with { Maps = [.. recording.Maps.Where(map => map.Kind == AttentionKind.Cross)] });
    }

    private static string Name(AttentionKind kind) =>
        kind switch
        {
            AttentionKind.EncoderSelf => "encoder: the source (rows) to itself",
            AttentionKind.DecoderSelf => "decoder: what was read (rows) to itself and what was read before",
            _ => "cross: what is written (rows) to the source (columns)",
        };

    private static IReadOnlyList<LearnedHead> LearnedHeadsOfSmallModel()
    {
        using var model = LearnedHeads.Train(Ablations.Task);
        return LearnedHeads.Examine(model, Ablations.Task);
    }

    private static LineChart Losses(string title, IReadOnlyList<AblationRun> runs) =>
        new()
        {
            Title = title,
            XName = "step",
            YName = "loss, nats a token",
            XTicks = [0, 100, 200, 300, 400, 500],
            YTicks = [0, 0.5, 1, 1.5, 2, 2.5],
            Width = 620,
            Height = 320,
            Series = [.. runs.Select(run => new ChartSeries(run.Name, Means(run.Losses, most: 2.5)))],
        };

    // Means of some steps, so that what differs by chance is not drawn, and no first value that would set the axis.
    private static List<(double X, double Y)> Means(IReadOnlyList<double> losses, double most)
    {
        const int Window = 12;
        return
        [
            .. losses
                .Chunk(Window)
                .Where(part => part.Length == Window)
                .Select((part, i) => ((i + 0.5) * Window, Math.Min(most, part.Average()))),
        ];
    }
}
