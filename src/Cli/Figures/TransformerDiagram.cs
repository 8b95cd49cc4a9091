namespace TrainingCluster.Cli.Figures;

/// <summary>The parts of a Transformer and what goes where, as this library builds it by default: norms before the sublayers.</summary>
public static class TransformerDiagram
{
    private const double BoxWidth = 200;
    private const double BoxHeight = 24;
    private const double Step = 48;
    private const double Bottom = 520;
    private const string Plain = "#f2f2f2";
    private const string Attention = "#cfe3f2";
    private const string Network = "#fbe3c8";
    private const string Wire = "#555";

    private static readonly Part[] s_encoder =
    [
        new("source tokens", Plain),
        new("embedding · √D + positions", Plain),
        new("norm → self-attention", Attention, Residual: true),
        new("norm → feed-forward network", Network, Residual: true),
        new("norm", Plain),
    ];

    private static readonly Part[] s_decoder =
    [
        new("target so far, begin token first", Plain),
        new("embedding · √D + positions", Plain),
        new("norm → causal self-attention", Attention, Residual: true),
        new("norm → attention to the memory", Attention, Residual: true),
        new("norm → feed-forward network", Network, Residual: true),
        new("norm", Plain),
        new("product with the embeddings", Plain),
        new("scores of the next token", Plain),
    ];

    /// <summary>Draws it.</summary>
    public static string Draw()
    {
        var drawing = new SvgDrawing(
            700,
            570,
            "Transformer",
            "Left the encoder, right the decoder. In each block a layer normalisation stands before each sublayer, and a residual goes "
                + "around both. The encoder's output, the memory, gives keys and values to every decoder block."
        );
        const double Encoder = 60,
            Decoder = 420;
        Block(drawing, Encoder, from: 2, to: 3);
        Block(drawing, Decoder, from: 2, to: 4);
        Column(drawing, Encoder, s_encoder);
        Column(drawing, Decoder, s_decoder);

        // The memory goes up, over and into the decoder's second sublayer.
        var (top, into) = (Y(4) - 26, Y(3) + BoxHeight / 2);
        var (from, between) = (Encoder + BoxWidth / 2, 340.0);
        drawing.Curve([(from, Y(4)), (from, top), (between, top), (between, into), (Decoder - 4, into)], Wire, 1.5);
        Arrow(drawing, Decoder, into, right: true);
        drawing.Text(from + 8, top - 6, "memory: keys and values", 11);
        drawing.Text(Encoder - 40, 560, "⊕ adds what went in to what comes out (the residual)", 11);
        return drawing.ToString();
    }

    private static double Y(int row) => Bottom - row * Step;

    private static void Block(SvgDrawing drawing, double x, int from, int to)
    {
        drawing.Rectangle(x - 40, Y(to) - 22, BoxWidth + 66, (to - from) * Step + BoxHeight + 34, "none", "#999");
        drawing.Text(x + BoxWidth + 20, Y(to) - 8, "× N", 11, "end", bold: true);
    }

    private static void Column(SvgDrawing drawing, double x, Part[] parts)
    {
        var middle = x + BoxWidth / 2;
        for (var row = 0; row < parts.Length; row++)
        {
            drawing.Rectangle(x, Y(row), BoxWidth, BoxHeight, parts[row].Fill, "#666");
            drawing.Text(middle, Y(row) + 16, parts[row].Name, 11, "middle");
            if (row + 1 < parts.Length)
            {
                drawing.Line(middle, Y(row), middle, Y(row + 1) + BoxHeight + 5, Wire, 1.5);
                Arrow(drawing, middle, Y(row + 1) + BoxHeight, right: false);
            }
            if (parts[row].Residual)
            {
                var (below, above) = (Y(row) + BoxHeight + 9, Y(row) - 10);
                drawing.Curve([(middle, below), (x - 16, below), (x - 16, above), (middle - 6, above)], Wire, 1.5);
                drawing.Dot(middle, above, 6, "#fff", Wire);
                drawing.Line(middle - 4, above, middle + 4, above, Wire);
                drawing.Line(middle, above - 4, middle, above + 4, Wire);
            }
        }
    }

    private static void Arrow(SvgDrawing drawing, double x, double y, bool right)
    {
        var (tip, back) = ($"{SvgDrawing.N(x)} {SvgDrawing.N(y)}", right ? "l-7 -4v8z" : "l-4 7h8z");
        drawing.Area($"M{tip}{back}", Wire);
    }

    private sealed record Part(string Name, string Fill, bool Residual = false);
}
