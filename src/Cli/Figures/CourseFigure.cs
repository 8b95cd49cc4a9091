namespace TrainingCluster.Cli.Figures;

/// <summary>A picture of the course on attention, kept in <c>docs/attention/images</c>.</summary>
/// <param name="FileName">Its name there.</param>
/// <param name="Draw">Makes the SVG document: on one machine the same text at each call.</param>
/// <param name="Tolerance">
/// How far another machine's drawing may be from it, as a share: of the sheet's longer side for places, of the full range for colours,
/// of its size for a printed number, whose last digit may differ by one besides. The same share of a heat map's area may be further off.
/// </param>
public sealed record CourseFigure(string FileName, Func<string> Draw, double Tolerance)
{
    /// <summary>The tolerance of what is computed from given numbers: processors differ by rounding alone.</summary>
    public const double Computed = 0.001;

    /// <summary>The tolerance of what is trained: rounding grows from step to step. Fix the axes of such a chart.</summary>
    public const double Trained = 0.2;

    /// <summary>
    /// The tolerance of what single heads have learned: rounding decides which of them takes which part, so that on another processor
    /// only what is drawn is the same, not its colours.
    /// </summary>
    public const double TrainedHeads = 1;
}
