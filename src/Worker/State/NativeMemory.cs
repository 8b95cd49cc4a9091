using System.Buffers;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.State;

/// <summary>A CPU tensor's own memory as <see cref="Memory{T}"/>: what is written here changes the tensor.</summary>
/// <remarks>The tensor must outlive every use of the memory.</remarks>
internal sealed unsafe class NativeMemory : MemoryManager<float>
{
    private readonly Tensor _tensor;
    private readonly float* _start;
    private readonly int _length;

    /// <summary>Wraps a contiguous one-dimensional float32 tensor on the CPU.</summary>
    public NativeMemory(Tensor tensor)
    {
        _tensor = tensor;
        _length = checked((int)tensor.numel());
        if (_length == 0)
        {
            return;
        }
        // The bytes of one element are enough to learn the address; those of all may exceed a span's 2 GiB.
        using var first = tensor.narrow(0, 0, 1);
        fixed (byte* start = first.bytes)
        {
            _start = (float*)start;
        }
    }

    /// <inheritdoc/>
    public override Span<float> GetSpan() => new(_start, _length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, pinnable: this);

    /// <inheritdoc/>
    public override void Unpin() => GC.KeepAlive(_tensor);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) { }
}
