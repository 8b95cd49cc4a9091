namespace TrainingCluster.Cli.Figures;

/// <summary>Three heads and W_o, with the sizes of the course's example.</summary>
public static class MultiHeadDiagram
{
    private const int Heads = 3;
    private const string Projection = "#fbe3c8";
    private const string Attention = "#cfe3f2";
    private const string Wire = "#555";

    /// <summary>Draws it.</summary>
    public static string Draw()
    {
        var drawing = new SvgDrawing(
            820,
            360,
            "Multi-head attention",
            "A query of 6, a key of 5 and a value of 4 features. Each of three heads projects them to 2, 2 and 7 features and attends. "
                + "The three results of 7 features are joined to 21, and W_o makes 8 of them."
        );
        var inputs = new[] { ("query, d_q = 6", 86.0), ("keys, d_k = 5", 176.0), ("values, d_v = 4", 266.0) };
        foreach (var (name, y) in inputs)
        {
            Box(drawing, 16, y, 112, name, "#f2f2f2");
        }
        for (var head = 0; head < Heads; head++)
        {
            var top = 30 + head * 108.0;
            var number = "₁₂₃"[head];
            var projections = new[] { $"W{number}(q): p_q = 2", $"W{number}(k): p_k = 2", $"W{number}(v): p_v = 7" };
            for (var i = 0; i < projections.Length; i++)
            {
                var y = top + i * 32;
                drawing.Line(128, inputs[i].Item2 + 13, 216, y + 13, "#bbb");
                Box(drawing, 216, y, 120, projections[i], Projection);
                drawing.Line(336, y + 13, 388, top + 45, Wire);
            }
            Box(drawing, 388, top + 32, 132, $"attention: h{number}, 7", Attention);
            drawing.Line(520, top + 45, 572, 184, Wire);
        }
        Box(drawing, 572, 171, 96, "joined: 3 · 7 = 21", "#f2f2f2");
        drawing.Line(668, 184, 700, 184, Wire);
        Box(drawing, 700, 171, 104, "W_o: p_o = 8", Projection);
        return drawing.ToString();
    }

    private static void Box(SvgDrawing drawing, double x, double y, double width, string text, string fill)
    {
        drawing.Rectangle(x, y, width, 26, fill, "#666");
        drawing.Text(x + width / 2, y + 17, text, 10.5, "middle");
    }
}
