namespace TrainingCluster.Modeling.Decoding;

/// <summary>The beam of one sentence: its live beginnings and its finished answers. Pure bookkeeping.</summary>
internal sealed class BeamSentence
{
    private readonly int _limit;
    private readonly SearchOptions _options;
    private readonly List<Hypothesis> _finished = [];
    private List<List<int>> _written;
    private float[] _logProbabilities;
    private int _settled;

    /// <param name="number">The sentence's place in its batch.</param>
    /// <param name="limit">Tokens that an answer may have.</param>
    /// <param name="options">Beam and length normalisation.</param>
    public BeamSentence(int number, int limit, SearchOptions options)
    {
        Number = number;
        _limit = limit;
        _options = options;
        _written = [.. Enumerable.Range(0, options.Beam).Select(_ => new List<int>())];
        LastTokens = [.. Enumerable.Repeat(SequenceSearch.BosId, options.Beam)];
        // All rows begin alike: but for the first, they are out of the race at the first step.
        _logProbabilities = [.. Enumerable.Range(0, options.Beam).Select(row => row == 0 ? 0 : float.NegativeInfinity)];
    }

    public int Number { get; }

    /// <summary>What each row takes next.</summary>
    public int[] LastTokens { get; private set; }

    /// <summary>Of each row so far, in nats.</summary>
    public IReadOnlyList<float> LogProbabilities => _logProbabilities;

    /// <summary>The answers, best first and a beam of them at most, once the sentence is done.</summary>
    public IReadOnlyList<Hypothesis>? Answers { get; private set; }

    /// <summary>What every answer that is still possible begins with. It grows from step to step, and never changes otherwise.</summary>
    public ReadOnlySpan<int> Settled()
    {
        var possible = _finished
            .Select(answer => answer.Tokens)
            .Concat(_written.Where((_, row) => !float.IsNegativeInfinity(_logProbabilities[row])))
            .ToList();
        while (possible.Count > 0 && possible.TrueForAll(tokens => tokens.Count > _settled && tokens[_settled] == possible[0][_settled]))
        {
            _settled++;
        }
        return possible.Take(1).SelectMany(tokens => tokens.Take(_settled)).ToArray();
    }

    /// <summary>Takes the likeliest continuations, best first.</summary>
    /// <param name="logProbabilities">Of the whole beginning, in nats.</param>
    /// <param name="places">Row × vocabulary size + token.</param>
    /// <param name="vocabularySize">V.</param>
    /// <returns>The row that each row now goes on from.</returns>
    public int[] Advance(ReadOnlySpan<float> logProbabilities, ReadOnlySpan<long> places, int vocabularySize)
    {
        var beam = _options.Beam;
        var (parents, tokens, kept, written) = (new List<int>(), new List<int>(), new List<float>(), new List<List<int>>());
        for (var rank = 0; rank < places.Length && parents.Count < beam; rank++)
        {
            var (parent, token) = ((int)(places[rank] / vocabularySize), (int)(places[rank] % vocabularySize));
            var logProbability = logProbabilities[rank];
            if (float.IsNegativeInfinity(logProbability))
            {
                continue;
            }
            if (token == SequenceSearch.EosId)
            {
                if (rank < beam)
                {
                    Finish(_written[parent], logProbability, ended: true);
                }
                continue;
            }
            parents.Add(parent);
            tokens.Add(token);
            kept.Add(logProbability);
            written.Add([.. _written[parent], token]);
        }
        var length = _written[0].Count + 1;
        if (_finished.Count < beam && length >= _limit)
        {
            for (var row = 0; row < parents.Count; row++)
            {
                Finish(written[row], kept[row], ended: false);
            }
        }
        if (_finished.Count >= beam || length >= _limit || parents.Count == 0)
        {
            // In this order equal scores stay in the order in which they were found.
            Answers = _finished.Count == 0 ? null : [.. _finished.OrderByDescending(answer => answer.Score).Take(beam)];
        }
        // Fewer than a beam of continuations (a tiny vocabulary): the rest stays out of the race.
        while (parents.Count < beam)
        {
            parents.Add(0);
            tokens.Add(SequenceSearch.EosId);
            kept.Add(float.NegativeInfinity);
            written.Add([.. Enumerable.Repeat(SequenceSearch.EosId, length)]);
        }
        (_written, _logProbabilities, LastTokens) = (written, [.. kept], [.. tokens]);
        return [.. parents];
    }

    private void Finish(List<int> tokens, float logProbability, bool ended) =>
        _finished.Add(
            new Hypothesis(
                [.. tokens],
                logProbability,
                SequenceSearch.Score(logProbability, tokens.Count + (ended ? 1 : 0), _options),
                ended
            )
        );
}
