using System.Globalization;

namespace TrainingCluster.Modeling.Scoring;

/// <summary>A chrF score.</summary>
/// <param name="Score">chrF2, 0 to 100.</param>
/// <param name="Statistics">The counts.</param>
/// <param name="Signature">How it was computed, in sacreBLEU's words.</param>
public sealed record ChrFScore(double Score, ChrFStatistics Statistics, string Signature)
{
    /// <summary>The line that sacreBLEU prints.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"chrF2|{Signature} = {Score:F2}");
}
