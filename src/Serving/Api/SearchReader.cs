using TrainingCluster.Modeling.Decoding;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Api;

/// <summary>Reads how a call wants to search.</summary>
internal static class SearchReader
{
    /// <summary>As in <c>./cluster translate</c>.</summary>
    public const int DefaultBeam = 4;

    /// <summary>Makes options of what was sent; what cannot be is added to <paramref name="problems"/>.</summary>
    /// <param name="sent">Null: nothing.</param>
    /// <param name="batchTokens">The server's limit of a batch.</param>
    /// <param name="problems">Gets fields and what is wrong with them.</param>
    public static SearchOptions Read(SearchSettings? sent, int batchTokens, List<(string Field, string Description)> problems)
    {
        var standard = new SearchOptions { Beam = DefaultBeam, BatchTokens = batchTokens };
        if (sent is null)
        {
            return standard;
        }
        var beam = sent.HasBeam ? sent.Beam : DefaultBeam;
        var penalty = sent.HasLengthPenalty ? sent.LengthPenalty : standard.LengthPenalty;
        var isBeam = beam is >= 1 and <= SearchOptions.GreatestBeam;
        if (!isBeam)
        {
            problems.Add(("search.beam", $"is {beam}; give 1 (greedy) to {SearchOptions.GreatestBeam}"));
        }
        if (!(penalty is >= 0 and <= SearchOptions.GreatestLengthPenalty))
        {
            problems.Add(
                ("search.length_penalty", FormattableString.Invariant($"is {penalty}; give 0 to {SearchOptions.GreatestLengthPenalty}"))
            );
        }
        if (isBeam && (sent.Alternatives < 0 || sent.Alternatives >= beam))
        {
            problems.Add(
                ("search.alternatives", $"is {sent.Alternatives}; give 0 to {beam - 1}, one less than search.beam, or a wider beam")
            );
        }
        return standard with { Beam = beam, LengthPenalty = penalty };
    }
}
