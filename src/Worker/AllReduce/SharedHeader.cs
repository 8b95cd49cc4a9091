using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The page by which a worker's shared buffers are known, and by which readers see whether these are still what was offered: a
/// random nonce, and a number that rises when a generation begins to use the buffers, and again when it has ended. Odd: in use.
/// </summary>
internal sealed class SharedHeader(MappedMemory page) : IDisposable
{
    public const int Bytes = 4096;

    private const int NonceBytes = 16;

    /// <summary>What only those know who map the same page, or were told.</summary>
    public Guid Nonce => new(Page[..NonceBytes]);

    /// <summary>The number of this use. A reader asks after it has read.</summary>
    public long Use
    {
        get
        {
            // What was read before must not be newer than the number.
            Interlocked.MemoryBarrier();
            return Volatile.Read(ref Number);
        }
    }

    private Span<byte> Page => MemoryMarshal.AsBytes(page.GetSpan());

    private ref long Number => ref MemoryMarshal.Cast<byte, long>(Page)[NonceBytes / sizeof(long)];

    /// <summary>Fills a new page.</summary>
    public void Initialize() => RandomNumberGenerator.Fill(Page[..NonceBytes]);

    /// <summary>A generation begins to use the buffers.</summary>
    /// <returns>The number of this use.</returns>
    public long Begin() =>
        (Number & 1) == 0
            ? Interlocked.Increment(ref Number)
            : throw new InvalidOperationException("Another generation uses these buffers.");

    /// <summary>No generation uses the buffers: whoever still reads them reads something else from now on.</summary>
    public void End()
    {
        if ((Number & 1) != 0)
        {
            Interlocked.Increment(ref Number);
        }
        // Whatever is written into the buffers after this must not be seen before it.
        Interlocked.MemoryBarrier();
    }

    public void Dispose() => page.Dispose();
}
