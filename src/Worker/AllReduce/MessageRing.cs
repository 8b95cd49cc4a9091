using System.Runtime.InteropServices;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// Small messages from one process to another, in memory that both map: a ring of bytes, and how many were written and read so far.
/// Each side counts for itself and only shows the other its count, so that a count that cannot be is noticed. One writer and one
/// reader at a time.
/// </summary>
/// <param name="memory">Zeros at first; holds the ring.</param>
/// <param name="offset">Where it begins, in bytes.</param>
internal sealed class MessageRing(MappedMemory memory, int offset)
{
    /// <summary>What a ring takes of the memory.</summary>
    public const int Bytes = 32 * 1024;

    /// <summary>The longest message.</summary>
    public const int LongestMessage = 4096;

    // The counts lie in lines of the cache of their own.
    private const int ReadCount = 128;
    private const int Values = 256;
    private const int Capacity = Bytes - Values;

    private long _count;

    /// <summary>Adds a message.</summary>
    /// <returns>False: there is no room for it until the reader has read on.</returns>
    public bool TryWrite(ReadOnlySpan<byte> message)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Length, LongestMessage, nameof(message));
        var ring = Ring;
        var read = Volatile.Read(ref Count(ring, ReadCount));
        if (read > _count || _count - read > Capacity - sizeof(int) - message.Length)
        {
            return false;
        }
        var length = message.Length;
        Put(ring, _count, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in length)));
        Put(ring, _count + sizeof(int), message);
        _count += sizeof(int) + message.Length;
        Volatile.Write(ref Count(ring, 0), _count);
        return true;
    }

    /// <summary>Takes the oldest message.</summary>
    /// <param name="message">Gets it; has room for <see cref="LongestMessage"/> bytes.</param>
    /// <returns>Its length; -1: there is none.</returns>
    /// <exception cref="InvalidDataException">What is there was not written by this class.</exception>
    public int TryRead(Span<byte> message)
    {
        var ring = Ring;
        var available = Volatile.Read(ref Count(ring, 0)) - _count;
        if (available == 0)
        {
            return -1;
        }
        var length = 0;
        if (available is >= sizeof(int) and <= Capacity)
        {
            Get(ring, _count, MemoryMarshal.AsBytes(new Span<int>(ref length)));
        }
        if (length is <= 0 or > LongestMessage || length + sizeof(int) > available)
        {
            throw new InvalidDataException($"a message of {length} bytes where {available} were written");
        }
        Get(ring, _count + sizeof(int), message[..length]);
        _count += sizeof(int) + length;
        Volatile.Write(ref Count(ring, ReadCount), _count);
        return length;
    }

    private Span<byte> Ring => MemoryMarshal.AsBytes(memory.GetSpan()).Slice(offset, Bytes);

    private static ref long Count(Span<byte> ring, int at) => ref MemoryMarshal.Cast<byte, long>(ring)[at / sizeof(long)];

    private static void Put(Span<byte> ring, long at, ReadOnlySpan<byte> bytes)
    {
        var from = (int)(at % Capacity);
        var first = Math.Min(bytes.Length, Capacity - from);
        bytes[..first].CopyTo(ring[(Values + from)..]);
        bytes[first..].CopyTo(ring[Values..]);
    }

    private static void Get(Span<byte> ring, long at, Span<byte> bytes)
    {
        var from = (int)(at % Capacity);
        var first = Math.Min(bytes.Length, Capacity - from);
        ring.Slice(Values + from, first).CopyTo(bytes);
        ring.Slice(Values, bytes.Length - first).CopyTo(bytes[first..]);
    }
}
