using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>One call of <see cref="FusedAttention"/>: its sentences and what it drops; hands out heads to compute.</summary>
internal sealed unsafe class AttentionTask
{
    private readonly int _heads;
    private readonly int _width;
    private readonly CounterDropout.Mask? _dropout;
    private readonly AttentionMask _mask;
    private readonly IReadOnlyList<PendingBias?> _biases;
    private readonly RotaryTable? _rotations;
    private readonly List<Sentence> _sentences = [];

    /// <param name="all">D: the width of all heads together.</param>
    /// <param name="heads">H.</param>
    /// <param name="mask">Packed.</param>
    /// <param name="dropout">Share of the weights set to zero.</param>
    /// <param name="biases">What is still to be added to each side.</param>
    /// <param name="rotary">Rotates queries and keys; null: not.</param>
    public AttentionTask(
        long all,
        int heads,
        AttentionMask mask,
        double dropout,
        IReadOnlyList<PendingBias?> biases,
        RotaryEncoding? rotary
    )
    {
        (_heads, _width, _mask, _biases) = (heads, (int)(all / heads), mask, biases);
        _dropout = dropout > 0 ? CounterDropout.Mask.Draw(dropout) : null;
        var first = 0L;
        var packing = mask.Packing!.Value;
        _rotations = rotary?.Table(Math.Max(packing.Queries.Longest, packing.Keys.Longest));
        foreach (var (queries, keys) in packing.Queries.Sentences.Zip(packing.Keys.Sentences))
        {
            _sentences.Add(new(queries.Start, queries.Length, keys.Start, keys.Length, first, Weights));
            first += (long)heads * queries.Length * keys.Length;
            Weights += (long)heads * queries.Length * ScoreRow.Room(keys.Length);
        }
    }

    /// <summary>Numbers that the forward pass keeps for the backward pass: the weights of each head, before any are dropped.</summary>
    public long Weights { get; }

    /// <summary>The output: [1, N, D].</summary>
    /// <param name="sides">Queries, keys and values side by side; or queries, then keys and values.</param>
    /// <param name="weights">Takes the weights in.</param>
    public Tensor Forward(IReadOnlyList<Tensor> sides, Tensor weights)
    {
        var packing = _mask.Packing!.Value;
        var result = packing.Queries.NewRows(_heads * _width, sides[0].dtype);
        var (places, output) = (Places(sides, _biases), new HeadPlace(result, 0));
        ForEachHead(
            (head, sentence, number) =>
            {
                var column = number * _width;
                Load(head, sentence, places, column);
                head.Weigh(_mask.IsCausal);
                head.KeepWeights(WeightsOf(weights, sentence, number));
                head.Drop(_dropout, sentence.FirstWeight(number));
                head.AddUp(output.At(sentence.FirstQuery, column));
            }
        );
        return result;
    }

    /// <summary>The gradients of the sides.</summary>
    public IReadOnlyList<Tensor> Backward(IReadOnlyList<Tensor> sides, Tensor weights, Tensor gradient)
    {
        var packing = _mask.Packing!.Value;
        // The last side has the keys.
        var results = sides
            .Select((side, i) => (i == sides.Count - 1 ? packing.Keys : packing.Queries).NewRows(side.shape[^1], side.dtype))
            .ToList();
        var (toQueries, toKeys, toValues) = Places(results, [null, null]);
        var (places, from) = (Places(sides, _biases), new HeadPlace(gradient, 0));
        ForEachHead(
            (head, sentence, number) =>
            {
                var column = number * _width;
                Load(head, sentence, places, column);
                head.TakeWeights(WeightsOf(weights, sentence, number));
                head.Drop(_dropout, sentence.FirstWeight(number));
                head.Differentiate(
                    from.At(sentence.FirstQuery, column),
                    toQueries.At(sentence.FirstQuery, column),
                    toKeys.At(sentence.FirstKey, column),
                    toValues.At(sentence.FirstKey, column)
                );
            }
        );
        return results;
    }

    private static void Load(
        AttentionHead head,
        Sentence sentence,
        (HeadPlace Queries, HeadPlace Keys, HeadPlace Values) places,
        int column
    ) =>
        head.Load(
            sentence,
            places.Queries.At(sentence.FirstQuery, column),
            places.Keys.At(sentence.FirstKey, column),
            places.Values.At(sentence.FirstKey, column)
        );

    private (HeadPlace Queries, HeadPlace Keys, HeadPlace Values) Places(IReadOnlyList<Tensor> sides, IReadOnlyList<PendingBias?> biases)
    {
        var all = _heads * _width;
        return sides.Count == 1
            ? (new(sides[0], 0, biases[0]), new(sides[0], all, biases[0]), new(sides[0], 2 * all, biases[0]))
            : (new(sides[0], 0, biases[0]), new(sides[1], 0, biases[1]), new(sides[1], all, biases[1]));
    }

    // A head's numbers do not depend on which thread computes it.
    private void ForEachHead(Action<AttentionHead, Sentence, int> compute)
    {
        var threads = get_num_threads();
        var count = _sentences.Count * _heads;
        void Some(int part)
        {
            using var head = new AttentionHead(_mask.Packing!.Value.Queries.Longest, _mask.Packing.Value.Keys.Longest, _width, _rotations);
            for (var i = (int)((long)count * part / threads); i < (int)((long)count * (part + 1) / threads); i++)
            {
                compute(head, _sentences[i / _heads], i % _heads);
            }
        }
        if (threads == 1)
        {
            Some(0);
        }
        else
        {
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, Some);
        }
    }

    private static float* WeightsOf(Tensor weights, Sentence sentence, int head)
    {
        fixed (byte* start = weights.bytes)
        {
            return (float*)start + sentence.FirstKept + ((long)head * sentence.Queries * ScoreRow.Room(sentence.Keys));
        }
    }

    /// <summary>Where a sentence's queries and keys lie among all, and its weights: of all, and of those that are kept.</summary>
    internal sealed record Sentence(int FirstQuery, int Queries, int FirstKey, int Keys, long First, long FirstKept)
    {
        /// <summary>The number of a head's first weight, for the dropout's mask.</summary>
        public long FirstWeight(int head) => First + ((long)head * Queries * Keys);
    }
}
