using System.Buffers.Binary;

namespace TrainingCluster.Worker.Training;

/// <summary>Sums over all shards of a step, added in shard order, so that they are the same doubles on every worker.</summary>
/// <param name="Loss">Label-smoothed, nats.</param>
/// <param name="TargetTokens">Labels that count.</param>
/// <param name="SourceTokens">Source tokens.</param>
internal readonly record struct StepTotals(double Loss, long TargetTokens, long SourceTokens)
{
    private const int RecordBytes = sizeof(int) + sizeof(double) + (2 * sizeof(long));

    /// <summary>One worker's shards as a mailbox value.</summary>
    /// <param name="shards">Its shards.</param>
    /// <param name="announce">Whether to tell the others that a checkpoint is due: one byte more.</param>
    public static byte[] Encode(IReadOnlyList<ShardTotals> shards, bool announce = false)
    {
        var bytes = new byte[(shards.Count * RecordBytes) + (announce ? 1 : 0)];
        for (var i = 0; i < shards.Count; i++)
        {
            var to = bytes.AsSpan(i * RecordBytes);
            BinaryPrimitives.WriteInt32LittleEndian(to, shards[i].Shard);
            BinaryPrimitives.WriteDoubleLittleEndian(to[4..], shards[i].Loss);
            BinaryPrimitives.WriteInt64LittleEndian(to[12..], shards[i].TargetTokens);
            BinaryPrimitives.WriteInt64LittleEndian(to[20..], shards[i].SourceTokens);
        }

        return bytes;
    }

    /// <summary>Whether one of the workers has announced a checkpoint.</summary>
    public static bool HasAnnouncement(IEnumerable<byte[]> values) => values.Any(bytes => bytes.Length % RecordBytes == 1);

    /// <summary>Adds all workers' shards up.</summary>
    /// <param name="values">What each worker encoded.</param>
    /// <param name="shards">V: each shard must be there once.</param>
    /// <param name="byShard">The shards in order.</param>
    /// <exception cref="InvalidDataException">A shard is missing or there twice.</exception>
    public static StepTotals Add(IEnumerable<byte[]> values, int shards, out ShardTotals[] byShard)
    {
        var found = new ShardTotals?[shards];
        foreach (var bytes in values)
        {
            for (var at = 0; at + RecordBytes <= bytes.Length; at += RecordBytes)
            {
                var from = bytes.AsSpan(at);
                var shard = BinaryPrimitives.ReadInt32LittleEndian(from);
                if ((uint)shard >= (uint)shards || found[shard] is not null)
                {
                    throw new InvalidDataException($"Totals of shard {shard} came twice or cannot be.");
                }
                found[shard] = new ShardTotals(
                    shard,
                    BinaryPrimitives.ReadDoubleLittleEndian(from[4..]),
                    BinaryPrimitives.ReadInt64LittleEndian(from[12..]),
                    BinaryPrimitives.ReadInt64LittleEndian(from[20..])
                );
            }
        }

        byShard = [.. found.Select((totals, shard) => totals ?? throw new InvalidDataException($"Totals of shard {shard} are missing."))];
        var sum = default(StepTotals);
        foreach (var totals in byShard)
        {
            sum = new StepTotals(sum.Loss + totals.Loss, sum.TargetTokens + totals.TargetTokens, sum.SourceTokens + totals.SourceTokens);
        }
        return sum;
    }
}
