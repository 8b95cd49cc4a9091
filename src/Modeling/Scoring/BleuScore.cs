using System.Globalization;

namespace TrainingCluster.Modeling.Scoring;

/// <summary>A BLEU score and what it is made of.</summary>
/// <param name="Score">BLEU, 0 to 100.</param>
/// <param name="Precisions">Smoothed precision of the n-grams for n = 1 to 4, 0 to 100.</param>
/// <param name="BrevityPenalty">exp(1 − reference length / translation length) where the translation is shorter, else 1.</param>
/// <param name="Statistics">The counts.</param>
/// <param name="Signature">How it was computed, in sacreBLEU's words.</param>
public sealed record BleuScore(
    double Score,
    IReadOnlyList<double> Precisions,
    double BrevityPenalty,
    BleuStatistics Statistics,
    string Signature
)
{
    /// <summary>The line that sacreBLEU prints: signature, score, precisions, penalty and lengths.</summary>
    public override string ToString()
    {
        var (hypothesis, reference) = (Statistics.HypothesisLength, Statistics.ReferenceLength);
        var ratio = reference == 0 ? 0 : (double)hypothesis / reference;
        var precisions = string.Join('/', Precisions.Select(precision => precision.ToString("F1", CultureInfo.InvariantCulture)));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"BLEU|{Signature} = {Score:F2} {precisions} (BP = {BrevityPenalty:F3} ratio = {ratio:F3} hyp_len = {hypothesis} ref_len "
                + $"= {reference})"
        );
    }
}
