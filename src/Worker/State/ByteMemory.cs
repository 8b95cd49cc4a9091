using System.Buffers;
using System.Runtime.InteropServices;

namespace TrainingCluster.Worker.State;

/// <summary>Floats seen as bytes, without a copy.</summary>
internal sealed class ByteMemory(Memory<float> floats) : MemoryManager<byte>
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(floats.Span);

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException("These bytes are read through spans only.");

    public override void Unpin() { }

    protected override void Dispose(bool disposing) { }
}
