using System.Buffers;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>A received payload in a pooled array; disposing gives the array back.</summary>
internal sealed class FrameBuffer : IDisposable
{
    private float[]? _array;
    private readonly int _length;

    private FrameBuffer(float[] array, int length) => (_array, _length) = (array, length);

    public Memory<float> Floats => (_array ?? throw new ObjectDisposedException(nameof(FrameBuffer))).AsMemory(0, _length);

    public static FrameBuffer Rent(int floats) => new(ArrayPool<float>.Shared.Rent(floats), floats);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<float>.Shared.Return(array);
        }
    }
}
