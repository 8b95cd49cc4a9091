namespace TrainingCluster.Modeling.Scoring;

/// <summary>
/// chrF2 (Popović, 2015) as sacreBLEU computes it by default: character n-grams up to 6, white space left out, recall
/// weighing twice as much as precision, averaged over the orders that both sides have.
/// </summary>
public static class ChrF
{
    private const double BetaSquared = 4;

    /// <summary>The counts of one sentence.</summary>
    public static ChrFStatistics Statistics(string hypothesis, string reference)
    {
        ArgumentNullException.ThrowIfNull(hypothesis);
        ArgumentNullException.ThrowIfNull(reference);
        var (characters, referenceCharacters) = (PythonText.Characters(hypothesis), PythonText.Characters(reference));
        var counts = new long[ChrFStatistics.Length];
        for (var order = 1; order <= ChrFStatistics.MaxOrder; order++)
        {
            var (ours, theirs) = (Count(characters, order), Count(referenceCharacters, order));
            var at = 3 * (order - 1);
            counts[at] = theirs.Count == 0 ? 0 : Math.Max(0, characters.Count - order + 1);
            counts[at + 1] = Math.Max(0, referenceCharacters.Count - order + 1);
            counts[at + 2] = ours.Sum(pair => (long)Math.Min(pair.Value, theirs.GetValueOrDefault(pair.Key)));
        }
        return new ChrFStatistics(counts);
    }

    /// <summary>The score of summed counts.</summary>
    public static ChrFScore Compute(ChrFStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        var (precision, recall, orders) = (0.0, 0.0, 0);
        for (var order = 1; order <= ChrFStatistics.MaxOrder; order++)
        {
            if (statistics.Hypothesis(order) == 0 || statistics.Reference(order) == 0)
            {
                continue;
            }
            precision += (double)statistics.Match(order) / statistics.Hypothesis(order);
            recall += (double)statistics.Match(order) / statistics.Reference(order);
            orders++;
        }
        var score = 0.0;
        if (precision + recall > 0)
        {
            precision /= orders;
            recall /= orders;
            score = 100 * ((1 + BetaSquared) * precision * recall / (BetaSquared * precision + recall));
        }
        return new ChrFScore(score, statistics, $"nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{Bleu.ReferenceVersion}");
    }

    /// <summary>The score of a text against one reference text, sentence by sentence.</summary>
    /// <exception cref="ArgumentException">The numbers of sentences differ.</exception>
    public static ChrFScore Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count != references.Count)
        {
            throw new ArgumentException(
                $"{hypotheses.Count} translations but {references.Count} references: each needs one.",
                nameof(references)
            );
        }
        var sum = ChrFStatistics.Empty;
        for (var i = 0; i < hypotheses.Count; i++)
        {
            sum += Statistics(hypotheses[i], references[i]);
        }
        return Compute(sum);
    }

    private static Dictionary<string, int> Count(List<string> characters, int order)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var start = 0; start + order <= characters.Count; start++)
        {
            var ngram = string.Concat(characters.GetRange(start, order));
            counts[ngram] = counts.GetValueOrDefault(ngram) + 1;
        }
        return counts;
    }
}
