using System.Numerics;
using System.Runtime.InteropServices;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>The greatest numbers of many, best first; of equal ones, the first.</summary>
/// <param name="count">How many are kept.</param>
internal sealed class BestCandidates(int count)
{
    private readonly float[] _scores = new float[count];
    private readonly long[] _places = new long[count];
    private int _kept;

    /// <summary>Best first. Fewer than asked for where there were no more.</summary>
    public ReadOnlySpan<float> Scores => _scores.AsSpan(0, _kept);

    /// <summary>Where each stood, over all rows.</summary>
    public ReadOnlySpan<long> Places => _places.AsSpan(0, _kept);

    /// <summary>Forgets all.</summary>
    public void Clear() => _kept = 0;

    /// <summary>Takes a row in. Numbers of −∞ are no candidates.</summary>
    /// <param name="scores">Of the row.</param>
    /// <param name="before">Added to each.</param>
    /// <param name="first">The place of the row's first number.</param>
    public void Add(ReadOnlySpan<float> scores, float before, long first)
    {
        if (float.IsNegativeInfinity(before))
        {
            return;
        }
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(scores);
        var added = new Vector<float>(before);
        for (var i = 0; i < vectors.Length; i++)
        {
            // Nearly all are less than the least that is kept, which one comparison tells of many.
            if (Vector.GreaterThanAny(vectors[i] + added, new Vector<float>(Least)))
            {
                AddOneByOne(scores.Slice(i * Vector<float>.Count, Vector<float>.Count), before, first + ((long)i * Vector<float>.Count));
            }
        }
        var rest = vectors.Length * Vector<float>.Count;
        AddOneByOne(scores[rest..], before, first + rest);
    }

    private float Least => _kept < count ? float.NegativeInfinity : _scores[count - 1];

    private void AddOneByOne(ReadOnlySpan<float> scores, float before, long first)
    {
        for (var i = 0; i < scores.Length; i++)
        {
            var score = scores[i] + before;
            if (!(score > Least))
            {
                continue;
            }
            var at = _kept < count ? _kept++ : count - 1;
            for (; at > 0 && _scores[at - 1] < score; at--)
            {
                (_scores[at], _places[at]) = (_scores[at - 1], _places[at - 1]);
            }
            (_scores[at], _places[at]) = (score, first + i);
        }
    }
}
