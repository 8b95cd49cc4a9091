namespace TrainingCluster.Modeling.Tokenization;

/// <summary>The merge rules of a byte-pair vocabulary: which pairs join, in which order, to what.</summary>
internal sealed class BpeMerges
{
    private readonly Dictionary<ulong, (int Rank, int Token)> _rules = [];

    /// <summary>Adds the rule that comes after all others.</summary>
    public void Add(int left, int right, int token) => _rules.Add(Key(left, right), (_rules.Count, token));

    /// <summary>Joins pairs in <paramref name="word"/>, the earliest rule first and from the left, until none fits.</summary>
    /// <returns>How many tokens are left at the front of <paramref name="word"/>.</returns>
    public int Apply(Span<int> word, BpeDropout? dropout = null)
    {
        var length = word.Length;
        // Words of many hundred characters (text without spaces) would be quadratic in the plain loop.
        if (length > 256 && dropout is null)
        {
            return ApplyToLongWord(word);
        }
        while (length > 1)
        {
            var best = -1;
            var bestRule = (Rank: int.MaxValue, Token: 0);
            for (var i = 0; i + 1 < length; i++)
            {
                if (_rules.TryGetValue(Key(word[i], word[i + 1]), out var rule) && rule.Rank < bestRule.Rank && dropout?.Skips() != true)
                {
                    (best, bestRule) = (i, rule);
                }
            }
            if (best < 0)
            {
                break;
            }
            word[best] = bestRule.Token;
            word[(best + 2)..length].CopyTo(word[(best + 1)..]);
            length--;
        }
        return length;
    }

    /// <summary>The same result by a heap of (rank, position) over a doubly linked list: n log n.</summary>
    private int ApplyToLongWord(Span<int> word)
    {
        var next = new int[word.Length];
        var previous = new int[word.Length];
        var heap = new PriorityQueue<(int Left, int Right, int LeftToken, int RightToken), (int Rank, int Position)>();
        for (var i = 0; i < word.Length; i++)
        {
            (next[i], previous[i]) = (i + 1, i - 1);
        }
        for (var i = 0; i + 1 < word.Length; i++)
        {
            Offer(word, i, i + 1);
        }
        while (heap.TryDequeue(out var pair, out _))
        {
            // A token that has merged since leaves stale entries behind: −1 marks what is gone.
            if (word[pair.Left] != pair.LeftToken || word[pair.Right] != pair.RightToken || next[pair.Left] != pair.Right)
            {
                continue;
            }
            word[pair.Left] = _rules[Key(pair.LeftToken, pair.RightToken)].Token;
            word[pair.Right] = -1;
            next[pair.Left] = next[pair.Right];
            if (next[pair.Left] < word.Length)
            {
                previous[next[pair.Left]] = pair.Left;
                Offer(word, pair.Left, next[pair.Left]);
            }
            if (previous[pair.Left] >= 0)
            {
                Offer(word, previous[pair.Left], pair.Left);
            }
        }
        var length = 0;
        for (var i = 0; i < word.Length; i = next[i])
        {
            word[length++] = word[i];
        }
        return length;

        void Offer(Span<int> tokens, int left, int right)
        {
            if (_rules.TryGetValue(Key(tokens[left], tokens[right]), out var rule))
            {
                heap.Enqueue((left, right, tokens[left], tokens[right]), (rule.Rank, left));
            }
        }
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
