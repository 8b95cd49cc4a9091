using static TorchSharp.torch;

namespace TrainingCluster.Cli.Figures;

/// <summary>The pictures of a course on attention, computed by the library's own layers.</summary>
public static class CourseFigures
{
    /// <summary>All pictures, in the order of the course.</summary>
    public static IReadOnlyList<CourseFigure> All() =>
        [
            new("attention-cues.svg", PoolingFigures.AttentionCues, CourseFigure.Computed),
            new("kernel-regression.svg", PoolingFigures.KernelRegression, CourseFigure.Computed),
            new("masked-softmax.svg", PoolingFigures.MaskedSoftmax, CourseFigure.Computed),
            new("additive-score.svg", ScoreFigures.AdditiveScore, CourseFigure.Computed),
            new("why-sqrt-d.svg", ScoreFigures.WhySqrtD, CourseFigure.Computed),
            new("sequence-to-sequence.svg", RecurrentFigures.SequenceToSequence, CourseFigure.Computed),
            new("reversal.svg", RecurrentFigures.Reversal, CourseFigure.Trained),
            new("positional-encoding.svg", PositionFigures.PositionalEncoding, CourseFigure.Computed),
            new("frequencies.svg", PositionFigures.Frequencies, CourseFigure.Computed),
            new("rotation.svg", PositionFigures.Rotation, CourseFigure.Computed),
            .. TransformerFigures.All(),
        ];

    /// <summary>A tensor's numbers, row by row.</summary>
    internal static float[] Numbers(Tensor values)
    {
        using var ordered = values.contiguous();
        return ordered.data<float>().ToArray();
    }
}
