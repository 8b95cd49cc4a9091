namespace TrainingCluster.Modeling.Scoring;

/// <summary>
/// Corpus BLEU (Papineni et al., 2002) as sacreBLEU (Post, 2018) computes it by default: case counts, 13a tokenization,
/// exponential smoothing (each order without a match counts half of the one before).
/// </summary>
public static class Bleu
{
    /// <summary>The version of sacreBLEU whose numbers the tests hold this implementation against.</summary>
    public const string ReferenceVersion = "2.6.0";

    // What sacreBLEU takes for the logarithm of zero: the score is then zero.
    private const double LogOfZero = -9999999999;

    /// <summary>The counts of one sentence against one reference.</summary>
    public static BleuStatistics Statistics(string hypothesis, string reference, BleuTokenization tokenization = BleuTokenization.V13A) =>
        Statistics(hypothesis, [reference], tokenization);

    /// <summary>The counts of one sentence against at least one reference.</summary>
    public static BleuStatistics Statistics(
        string hypothesis,
        IReadOnlyList<string> references,
        BleuTokenization tokenization = BleuTokenization.V13A
    )
    {
        ArgumentNullException.ThrowIfNull(hypothesis);
        ArgumentNullException.ThrowIfNull(references);
        if (references.Count == 0)
        {
            throw new ArgumentException("At least one reference is needed.", nameof(references));
        }
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var words = Words(hypothesis, tokenization, vocabulary);
        var counts = new long[BleuStatistics.Length];
        counts[0] = words.Length;
        counts[1] = -1;
        var allowed = new Dictionary<NGram, int>();
        foreach (var reference in references)
        {
            var referenceWords = Words(reference, tokenization, vocabulary);
            // The closest length counts, of two equally close ones the shorter.
            var (distance, best) = (Math.Abs(words.Length - referenceWords.Length), Math.Abs(words.Length - counts[1]));
            if (counts[1] < 0 || distance < best || (distance == best && referenceWords.Length < counts[1]))
            {
                counts[1] = referenceWords.Length;
            }
            foreach (var (ngram, count) in Count(referenceWords))
            {
                allowed[ngram] = Math.Max(allowed.GetValueOrDefault(ngram), count);
            }
        }
        foreach (var (ngram, count) in Count(words))
        {
            counts[1 + ngram.Order] += Math.Min(count, allowed.GetValueOrDefault(ngram));
            counts[1 + BleuStatistics.MaxOrder + ngram.Order] += count;
        }
        return new BleuStatistics(counts);
    }

    /// <summary>The score of summed counts.</summary>
    /// <param name="statistics">The counts of all sentences.</param>
    /// <param name="tokenization">How they were counted; only the signature tells it.</param>
    /// <param name="references">References a sentence; only the signature tells it.</param>
    public static BleuScore Compute(BleuStatistics statistics, BleuTokenization tokenization = BleuTokenization.V13A, int references = 1)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        var (hypothesis, reference) = ((double)statistics.HypothesisLength, (double)statistics.ReferenceLength);
        var penalty =
            hypothesis >= reference ? 1
            : hypothesis > 0 ? Math.Exp(1 - reference / hypothesis)
            : 0;
        var precisions = new double[BleuStatistics.MaxOrder];
        var signature =
            $"nrefs:{references}|case:mixed|eff:no|tok:{BleuTokenizer.Name(tokenization)}|smooth:exp|version:{ReferenceVersion}";
        // Without one matching word there is nothing to smooth.
        if (statistics.Correct(1) + statistics.Correct(2) + statistics.Correct(3) + statistics.Correct(4) == 0)
        {
            return new BleuScore(0, precisions, penalty, statistics, signature);
        }
        var smoothing = 1.0;
        for (var order = 1; order <= precisions.Length && statistics.Total(order) > 0; order++)
        {
            if (statistics.Correct(order) > 0)
            {
                precisions[order - 1] = 100.0 * statistics.Correct(order) / statistics.Total(order);
                continue;
            }
            smoothing *= 2;
            precisions[order - 1] = 100.0 / (smoothing * statistics.Total(order));
        }
        var logarithms = precisions.Sum(precision => precision > 0 ? Math.Log(precision) : LogOfZero);
        return new BleuScore(penalty * Math.Exp(logarithms / precisions.Length), precisions, penalty, statistics, signature);
    }

    /// <summary>The score of a text against one reference text, sentence by sentence.</summary>
    /// <exception cref="ArgumentException">The numbers of sentences differ.</exception>
    public static BleuScore Corpus(
        IReadOnlyList<string> hypotheses,
        IReadOnlyList<string> references,
        BleuTokenization tokenization = BleuTokenization.V13A
    )
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
        var sum = BleuStatistics.Empty;
        for (var i = 0; i < hypotheses.Count; i++)
        {
            sum += Statistics(hypotheses[i], references[i], tokenization);
        }
        return Compute(sum, tokenization);
    }

    private static int[] Words(string text, BleuTokenization tokenization, Dictionary<string, int> vocabulary)
    {
        var words = BleuTokenizer.Tokenize(text, tokenization);
        var ids = new int[words.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            if (!vocabulary.TryGetValue(words[i], out ids[i]))
            {
                vocabulary.Add(words[i], ids[i] = vocabulary.Count);
            }
        }
        return ids;
    }

    private static Dictionary<NGram, int> Count(int[] words)
    {
        var counts = new Dictionary<NGram, int>();
        for (var start = 0; start < words.Length; start++)
        {
            var ngram = new NGram(0, -1, -1, -1, -1);
            for (var order = 1; order <= BleuStatistics.MaxOrder && start + order <= words.Length; order++)
            {
                ngram = ngram.Append(words[start + order - 1]);
                counts[ngram] = counts.GetValueOrDefault(ngram) + 1;
            }
        }
        return counts;
    }

    private readonly record struct NGram(int Order, int A, int B, int C, int D)
    {
        public NGram Append(int word) => new(Order + 1, B, C, D, word);
    }
}
