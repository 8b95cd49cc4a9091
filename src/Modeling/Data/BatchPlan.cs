using System.Globalization;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Data;

/// <summary>
/// Which sentences make up which micro-batch of one epoch. It follows from the arguments alone: every worker computes the
/// same plan and nobody ships it. Every sentence stands in exactly one micro-batch.
/// <para>
/// 1. All sentences are shuffled by (fingerprint, seed, epoch). 2. They are cut into pools of <see cref="PoolSentences"/>,
/// each sorted by target then source length, ties in shuffled order. 3. Each pool is cut into micro-batches: as many rows as
/// rows × max(longest source, longest target) ≤ token budget allows, with the token that begins or ends a sentence counted;
/// a sentence longer than the budget is a micro-batch of its own. 4. The largest are halved until their number is a
/// multiple of V, so that no shard idles in the last step (empty ones are left only where no micro-batch has two rows). 5. The
/// micro-batches are shuffled; step s takes numbers s·V to s·V + V − 1, one a logical shard.
/// </para>
/// </summary>
public sealed class BatchPlan
{
    /// <summary>Sentences that are sorted together: many for little padding, not all so that neighbours differ between epochs.</summary>
    public const int PoolSentences = 1 << 16;

    private readonly int[] _order;
    private readonly Range[] _microBatches;

    /// <summary>Plans one epoch.</summary>
    /// <param name="lengths">Lengths of all sentences.</param>
    /// <param name="fingerprint">The dataset's fingerprint.</param>
    /// <param name="seed">The job's seed.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="tokensPerMicroBatch">Token budget of one micro-batch, padding included; at least 1.</param>
    /// <param name="logicalShards">V, at least 1.</param>
    public BatchPlan(SentenceLengths lengths, string fingerprint, ulong seed, int epoch, int tokensPerMicroBatch, int logicalShards)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(fingerprint);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokensPerMicroBatch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(logicalShards);
        Epoch = epoch;
        LogicalShards = logicalShards;
        var random = new DeterministicRandom(seed, [FingerprintKey(fingerprint), (ulong)epoch]);
        // 1.
        _order = new int[lengths.Count];
        for (var i = 0; i < _order.Length; i++)
        {
            _order[i] = i;
        }
        random.Shuffle<int>(_order);
        var microBatches = new List<Range>();
        for (var start = 0; start < _order.Length; start += PoolSentences)
        {
            var end = Math.Min(start + PoolSentences, _order.Length);
            // 2.
            SortByLength(_order.AsSpan(start..end), lengths);
            // 3.
            Cut(start, end, lengths, tokensPerMicroBatch, microBatches);
        }
        // 4.
        HalveLargest(microBatches, logicalShards);
        // 5.
        _microBatches = [.. microBatches];
        random.Shuffle<Range>(_microBatches);
    }

    /// <summary>Plans one epoch of a dataset. <see cref="TrainingPlan"/> reads the lengths once for all epochs.</summary>
    public BatchPlan(Dataset dataset, ulong seed, int epoch, int tokensPerMicroBatch, int logicalShards)
        : this(new SentenceLengths(dataset), dataset.Fingerprint, seed, epoch, tokensPerMicroBatch, logicalShards) { }

    /// <summary>The epoch, from 0.</summary>
    public int Epoch { get; }

    /// <summary>V: micro-batches a step.</summary>
    public int LogicalShards { get; }

    /// <summary>Steps in this epoch; another epoch may have another number.</summary>
    public int StepsPerEpoch => (_microBatches.Length + LogicalShards - 1) / LogicalShards;

    /// <summary>
    /// Sentences of one micro-batch: numbers into the dataset. Empty only in the last step, where nothing was left to halve.
    /// </summary>
    /// <param name="stepInEpoch">The step, from 0 to <see cref="StepsPerEpoch"/> − 1.</param>
    /// <param name="shard">The logical shard, from 0 to V − 1.</param>
    public IReadOnlyList<int> MicroBatch(int stepInEpoch, int shard)
    {
        if ((uint)stepInEpoch >= (uint)StepsPerEpoch)
        {
            throw new ArgumentOutOfRangeException(
                nameof(stepInEpoch),
                stepInEpoch,
                $"Epoch {Epoch} has the steps 0 to {StepsPerEpoch - 1}."
            );
        }
        if ((uint)shard >= (uint)LogicalShards)
        {
            throw new ArgumentOutOfRangeException(nameof(shard), shard, $"There are the logical shards 0 to {LogicalShards - 1}.");
        }
        var number = stepInEpoch * LogicalShards + shard;
        if (number >= _microBatches.Length)
        {
            return [];
        }
        var (start, length) = _microBatches[number].GetOffsetAndLength(_order.Length);
        return new ArraySegment<int>(_order, start, length);
    }

    private static ulong FingerprintKey(string fingerprint)
    {
        // The first 64 bits of a SHA-256 name a dataset well enough to shuffle it; other names are mixed character by character.
        if (
            ulong.TryParse(
                fingerprint.AsSpan(0, Math.Min(16, fingerprint.Length)),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out var key
            )
        )
        {
            return key;
        }
        var mixed = 0UL;
        foreach (var c in fingerprint)
        {
            mixed = new DeterministicRandom(mixed, c).NextUInt64();
        }
        return mixed;
    }

    private static void SortByLength(Span<int> pool, SentenceLengths lengths)
    {
        // The position in the shuffled pool makes every key unique, so an unstable sort gives one result.
        var keys = new (int Target, int Source, int Position)[pool.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = (lengths.Target(pool[i]), lengths.Source(pool[i]), i);
        }
        keys.AsSpan().Sort(pool);
    }

    private void Cut(int start, int end, SentenceLengths lengths, int budget, List<Range> microBatches)
    {
        var longest = 0;
        var first = start;
        for (var i = start; i < end; i++)
        {
            var sentence = _order[i];
            var grown = Math.Max(longest, 1 + Math.Max(lengths.Source(sentence), lengths.Target(sentence)));
            if (i > first && (long)grown * (i + 1 - first) > budget)
            {
                microBatches.Add(first..i);
                first = i;
                grown = 1 + Math.Max(lengths.Source(sentence), lengths.Target(sentence));
            }
            longest = grown;
        }
        if (first < end)
        {
            microBatches.Add(first..end);
        }
    }

    private static void HalveLargest(List<Range> microBatches, int shards)
    {
        var missing = (shards - microBatches.Count % shards) % shards;
        if (missing == 0)
        {
            return;
        }
        var byRows = new PriorityQueue<int, (int NegativeRows, int Number)>();
        for (var i = 0; i < microBatches.Count; i++)
        {
            byRows.Enqueue(i, (-Rows(microBatches[i]), i));
        }
        for (; missing > 0 && byRows.TryPeek(out var number, out _) && Rows(microBatches[number]) > 1; missing--)
        {
            byRows.Dequeue();
            var (start, end) = (microBatches[number].Start.Value, microBatches[number].End.Value);
            var middle = start + (end - start) / 2;
            microBatches[number] = start..middle;
            microBatches.Add(middle..end);
            byRows.Enqueue(number, (start - middle, number));
            byRows.Enqueue(microBatches.Count - 1, (middle - end, microBatches.Count - 1));
        }

        static int Rows(Range range) => range.End.Value - range.Start.Value;
    }
}
