using System.Text;

namespace TrainingCluster.Modeling.Tokenization;

/// <summary>
/// Learns a byte-pair vocabulary (Sennrich et al., 2016) from counted words: joins the most frequent adjacent pair, again
/// and again, until the vocabulary is full. Ties go to the pair with the smaller ids, so equal text gives equal merges.
/// </summary>
public sealed class BpeTrainer
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _countsBySpan;

    /// <summary>A trainer that has seen nothing yet.</summary>
    public BpeTrainer() => _countsBySpan = _counts.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Bytes of all different words so far.</summary>
    public long WordBytes { get; private set; }

    /// <summary>Counts the words of one sentence.</summary>
    public void Add(string sentence)
    {
        ReadOnlySpan<char> rest = BpeTokenizer.WithSpace(sentence);
        while (rest.Length > 0)
        {
            var length = WordSplitter.NextWord(rest);
            var word = rest[..length];
            if (_countsBySpan.TryGetValue(word, out var count))
            {
                _countsBySpan[word] = count + 1;
            }
            else
            {
                _countsBySpan[word] = 1;
                WordBytes += Encoding.UTF8.GetByteCount(word);
            }
            rest = rest[length..];
        }
    }

    /// <summary>Learns the vocabulary.</summary>
    /// <param name="vocabularySize">Tokens wanted, special tokens and the 256 bytes included. Fewer come out of a text in
    /// which no pair occurs twice any more.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below <see cref="BpeTokenizer.MinimumVocabularySize"/>.</exception>
    public BpeTokenizer Train(int vocabularySize, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, BpeTokenizer.MinimumVocabularySize);
        var tokens = BpeTokenizer.BaseTokens();
        var ids = tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id, StringComparer.Ordinal);
        var merges = new List<(int Left, int Right)>();
        var known = new HashSet<(int, int)>();
        var words = Words();
        var pairs = new PairCounts(words);
        while (tokens.Count < vocabularySize && pairs.TryTakeBest(out var left, out var right))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var text = tokens[left] + tokens[right];
            if (!ids.TryGetValue(text, out var merged))
            {
                // Two different merges may spell one token; the vocabulary holds each spelling once.
                merged = tokens.Count;
                tokens.Add(text);
                ids.Add(text, merged);
            }
            // A pair can come up again when another merge spells one of its halves anew.
            if (known.Add((left, right)))
            {
                merges.Add((left, right));
            }
            pairs.Merge(left, right, merged);
        }
        return new BpeTokenizer(tokens, merges);
    }

    private Word[] Words() =>
        [
            .. _counts
                .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => new Word(
                    Array.ConvertAll(Encoding.UTF8.GetBytes(pair.Key), b => BpeTokenizer.SpecialTokenCount + b),
                    pair.Value
                )),
        ];

    private sealed class Word(int[] tokens, long count)
    {
        public int[] Tokens { get; } = tokens;
        public int Length { get; set; } = tokens.Length;
        public long Count { get; } = count;
    }

    /// <summary>How often each adjacent pair occurs, kept up to date merge by merge.</summary>
    private sealed class PairCounts
    {
        private readonly Word[] _words;
        private readonly Dictionary<(int, int), long> _counts = [];

        // May name a word twice or in vain; both are found out when the word is rewritten.
        private readonly Dictionary<(int, int), List<int>> _occurrences = [];
        private readonly PriorityQueue<(int Left, int Right), (long NegativeCount, int Left, int Right)> _heap = new();

        public PairCounts(Word[] words)
        {
            _words = words;
            for (var w = 0; w < words.Length; w++)
            {
                for (var i = 0; i + 1 < words[w].Length; i++)
                {
                    Change((words[w].Tokens[i], words[w].Tokens[i + 1]), words[w].Count, w);
                }
            }
            foreach (var pair in _counts.Keys)
            {
                Offer(pair);
            }
        }

        public bool TryTakeBest(out int left, out int right)
        {
            while (_heap.TryDequeue(out var pair, out var priority))
            {
                var count = _counts.GetValueOrDefault(pair);
                if (count != -priority.NegativeCount)
                {
                    // The count fell since this entry was made (a rise makes an entry of its own).
                    if (count > 0 && count < -priority.NegativeCount)
                    {
                        Offer(pair);
                    }
                    continue;
                }
                (left, right) = pair;
                // A pair seen once is no pattern.
                return count >= 2;
            }
            (left, right) = (0, 0);
            return false;
        }

        public void Merge(int left, int right, int merged)
        {
            if (!_occurrences.Remove((left, right), out var occurrences))
            {
                return;
            }
            var changed = new HashSet<(int, int)>();
            foreach (var w in occurrences)
            {
                var word = _words[w];
                var (tokens, kept) = (word.Tokens, 0);
                for (var i = 0; i < word.Length; i++)
                {
                    if (i + 1 == word.Length || tokens[i] != left || tokens[i + 1] != right)
                    {
                        tokens[kept++] = tokens[i];
                        continue;
                    }
                    if (kept > 0)
                    {
                        Change((tokens[kept - 1], left), -word.Count, w);
                        Change((tokens[kept - 1], merged), word.Count, w);
                        changed.Add((tokens[kept - 1], merged));
                    }
                    if (i + 2 < word.Length)
                    {
                        Change((right, tokens[i + 2]), -word.Count, w);
                        Change((merged, tokens[i + 2]), word.Count, w);
                        changed.Add((merged, tokens[i + 2]));
                    }
                    tokens[kept++] = merged;
                    i++;
                }
                word.Length = kept;
            }
            _counts.Remove((left, right));
            foreach (var pair in changed)
            {
                Offer(pair);
            }
        }

        private void Change((int, int) pair, long by, int word)
        {
            _counts[pair] = _counts.GetValueOrDefault(pair) + by;
            if (by < 0)
            {
                return;
            }
            if (!_occurrences.TryGetValue(pair, out var occurrences))
            {
                _occurrences.Add(pair, occurrences = []);
            }
            if (occurrences.Count == 0 || occurrences[^1] != word)
            {
                occurrences.Add(word);
            }
        }

        private void Offer((int Left, int Right) pair)
        {
            if (_counts.TryGetValue(pair, out var count) && count > 0)
            {
                _heap.Enqueue(pair, (-count, pair.Left, pair.Right));
            }
        }
    }
}
