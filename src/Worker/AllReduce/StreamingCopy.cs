using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// Copies past the processor's caches: what is copied is not needed again soon, and memory need not be read before it is written.
/// </summary>
internal static class StreamingCopy
{
    private const int LineFloats = 16;

    /// <summary>Copies all of <paramref name="from"/> to the beginning of <paramref name="to"/>.</summary>
    public static unsafe void Copy(ReadOnlySpan<float> from, Span<float> to)
    {
        fixed (
            float* source = from,
                target = to[..from.Length]
        )
        {
            var whole = Sse.IsSupported && (nint)target % (LineFloats * sizeof(float)) == 0 ? from.Length / LineFloats * LineFloats : 0;
            for (var i = 0; i < whole; i += LineFloats)
            {
                var (a, b) = (Vector256.Load(source + i), Vector256.Load(source + i + 8));
                a.StoreAlignedNonTemporal(target + i);
                b.StoreAlignedNonTemporal(target + i + 8);
            }
            if (whole > 0)
            {
                Sse.StoreFence();
            }
            from[whole..].CopyTo(to[whole..]);
        }
    }
}
