using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Cli.Figures;

/// <summary>Heat maps of every layer and head of a recording: a row of maps a layer, a map a head.</summary>
public static class AttentionFigure
{
    private const double Gap = 18;
    private const double Margin = 16;

    /// <summary>Draws a recording.</summary>
    /// <returns>An SVG document.</returns>
    public static string Draw(AttentionRecording recording)
    {
        ArgumentNullException.ThrowIfNull(recording);
        var rows = recording.Maps.GroupBy(map => (map.Kind, map.Layer)).Select(row => row.Select(ToHeatMap).ToList()).ToList();
        var sections = recording.Maps.Select(map => map.Kind).Distinct().ToList();
        var header = 1.5 * Math.Max(HeatMap.TextWidth(recording.Source), HeatMap.TextWidth(recording.Translation) + 20);
        header = Math.Max(header, 1.3 * sections.Max(kind => HeatMap.TextWidth(Describe(kind))));
        var width = 2 * Margin + new[] { 400, header, rows.Max(row => row.Sum(map => map.Width) + Gap * (row.Count - 1)) }.Max();
        var height = 84 + sections.Count * 26 + rows.Sum(row => row.Max(map => map.Height) + Gap);
        var drawing = new SvgDrawing(
            width,
            height,
            $"Attention: {recording.Source}",
            $"Attention weights of {recording.Maps.Count} heads while translating “{recording.Source}” as "
                + $"“{recording.Translation}”. A row is a query and adds up to 1, a column is a key."
        );
        drawing.Text(Margin, 22, recording.Source, 13, bold: true);
        drawing.Text(Margin, 40, $"→ {recording.Translation}", 13);
        rows[0][0].DrawScale(drawing, Margin + 4, 50);
        drawing.Text(Margin + 136, 58, "weight; each row adds up to 1", 10);

        var y = 84.0;
        AttentionKind? section = null;
        foreach (var (row, kind) in rows.Zip(recording.Maps.Select(map => (map.Kind, map.Layer)).Distinct()))
        {
            if (section != kind.Kind)
            {
                section = kind.Kind;
                drawing.Line(Margin, y + 2, width - Margin, y + 2, "#bbb");
                drawing.Text(Margin, y + 18, Describe(kind.Kind), 12, bold: true);
                y += 26;
            }
            var x = Margin;
            foreach (var map in row)
            {
                map.Draw(drawing, x, y);
                x += map.Width + Gap;
            }
            y += row.Max(map => map.Height) + Gap;
        }
        return drawing.ToString();
    }

    private static HeatMap ToHeatMap(AttentionMap map) =>
        new()
        {
            Values = map.Weights,
            Rows = map.Queries.Count,
            Columns = map.Keys.Count,
            RowNames = map.Queries,
            ColumnNames = map.Keys,
            Title = $"layer {map.Layer}, head {map.Head}",
        };

    private static string Describe(AttentionKind kind) =>
        kind switch
        {
            AttentionKind.EncoderSelf => "Encoder self-attention: source to source",
            AttentionKind.DecoderSelf => "Decoder self-attention: a row is “read → written”, a column a token read",
            _ => "Cross attention: a row is the token written, a column a source token",
        };
}
