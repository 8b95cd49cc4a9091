namespace TrainingCluster.Cli.Figures;

/// <summary>One evaluation on the way of a training run.</summary>
/// <param name="Minutes">Since training began, evaluations included.</param>
/// <param name="Step">After which step.</param>
/// <param name="Bleu">Of the validation text.</param>
public sealed record CurvePoint(double Minutes, long Step, double Bleu);

/// <summary>Validation BLEU of training runs, against minutes and against steps.</summary>
public static class TrainingCurve
{
    /// <summary>Most runs in one drawing.</summary>
    public const int MostRuns = 6;

    /// <summary>Draws the runs side by side.</summary>
    /// <param name="runs">At most <see cref="MostRuns"/>, each with its name.</param>
    /// <returns>An SVG document.</returns>
    public static string Draw(IReadOnlyList<(string Name, IReadOnlyList<CurvePoint> Points)> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(runs.Count, MostRuns);
        var drawing = new SvgDrawing(
            920,
            330,
            "Validation BLEU while training",
            "Left: BLEU against minutes of training. Right: BLEU against steps. Runs: "
                + $"{string.Join(", ", runs.Select(run => $"{run.Name}, at the end {run.Points[^1].Bleu:0.0}"))}."
        );
        Panel("minutes", point => point.Minutes).Draw(drawing, 0, 4);
        Panel("steps", point => point.Step).Draw(drawing, 460, 4);
        return drawing.ToString();

        LineChart Panel(string axis, Func<CurvePoint, double> x) =>
            new()
            {
                Title = $"Validation BLEU against {axis}",
                XName = axis,
                YName = "BLEU",
                Width = 450,
                Height = 320,
                // A legend tells the runs apart; one run needs none.
                Series = [.. runs.Select(run => new ChartSeries(run.Name, [.. run.Points.Select(point => (x(point), point.Bleu))]))],
            };
    }
}
