namespace TrainingCluster.Modeling.Decoding;

/// <summary>How sentences are searched for.</summary>
public sealed record SearchOptions
{
    /// <summary>The widest beam.</summary>
    public const int GreatestBeam = 64;

    /// <summary>The greatest α of the length normalisation.</summary>
    public const double GreatestLengthPenalty = 5;

    /// <summary>Hypotheses kept of each sentence; 1 (default): greedy. 1…<see cref="GreatestBeam"/>.</summary>
    public int Beam { get; init; } = 1;

    /// <summary>
    /// α of the length normalisation: hypotheses are compared by log p / lengthᵅ, the length counting the
    /// end-of-sequence token. 0: none, 1 (default): the mean log-probability of a token.
    /// 0…<see cref="GreatestLengthPenalty"/>.
    /// </summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>A translation has at most this many tokens for each source token…; default 1.5, above 0.</summary>
    public double LengthFactor { get; init; } = 1.5;

    /// <summary>…plus this many…; default 10, at least 0.</summary>
    public int LengthExtra { get; init; } = 10;

    /// <summary>…and never more than this; default 256, at least 1.</summary>
    public int MaxLength { get; init; } = 256;

    /// <summary>Longest source in tokens, its end included; what comes after is cut off. Default 1024, at least 1.</summary>
    public int MaxSourceTokens { get; init; } = 1024;

    /// <summary>Sentences are searched together while rows × beams × source length stays below; default 8192, at least 1.</summary>
    public int BatchTokens { get; init; } = 8192;

    /// <summary>The limit for a source of some tokens.</summary>
    public int LimitFor(int sourceTokens) => (int)Math.Clamp(LengthFactor * sourceTokens + LengthExtra, 1, MaxLength);

    /// <summary>Throws where an option is out of its range; all problems are named.</summary>
    /// <exception cref="ArgumentException">The message names option and range.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (Beam is < 1 or > GreatestBeam)
        {
            problems.Add($"{nameof(Beam)} is {Beam} and must be 1 to {GreatestBeam}");
        }
        if (!(LengthPenalty is >= 0 and <= GreatestLengthPenalty))
        {
            problems.Add($"{nameof(LengthPenalty)} is {LengthPenalty} and must be 0 to {GreatestLengthPenalty}");
        }
        if (!(LengthFactor > 0 && double.IsFinite(LengthFactor)))
        {
            problems.Add($"{nameof(LengthFactor)} is {LengthFactor} and must be above 0");
        }
        if (LengthExtra < 0)
        {
            problems.Add($"{nameof(LengthExtra)} is {LengthExtra} and must be at least 0");
        }
        foreach (
            var (name, value) in new[]
            {
                (nameof(MaxLength), MaxLength),
                (nameof(MaxSourceTokens), MaxSourceTokens),
                (nameof(BatchTokens), BatchTokens),
            }
        )
        {
            if (value < 1)
            {
                problems.Add($"{name} is {value} and must be at least 1");
            }
        }
        if (problems.Count > 0)
        {
            throw new ArgumentException($"These search options cannot be: {string.Join("; ", problems)}.");
        }
    }
}
