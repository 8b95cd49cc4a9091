using System.Runtime.InteropServices;

namespace TrainingCluster.Worker.Sharding;

/// <summary>Pieces of flat buffers as one row of bytes.</summary>
internal sealed class PartReader(IReadOnlyList<Memory<float>> pieces)
{
    /// <summary>Bytes of all pieces.</summary>
    public long Length { get; } = pieces.Sum(piece => (long)piece.Length * sizeof(float));

    /// <summary>Copies from a byte on, as much as there is room for.</summary>
    /// <returns>Bytes copied.</returns>
    public int CopyTo(long offset, Span<byte> to)
    {
        var (at, done) = (0L, 0);
        foreach (var piece in pieces)
        {
            var bytes = MemoryMarshal.AsBytes(piece.Span);
            var from = (int)Math.Clamp(offset + done - at, 0, bytes.Length);
            var count = Math.Min(bytes.Length - from, to.Length - done);
            bytes.Slice(from, count).CopyTo(to[done..]);
            done += count;
            at += bytes.Length;
        }

        return done;
    }
}
