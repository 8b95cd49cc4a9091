using System.Buffers;

namespace Grpc.Wire;

/// <summary>Gathers bytes in one array of the shared pool; keeps it from message to message, so bulk streams allocate nothing.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private const int LeastSize = 256;

    private byte[] _bytes = [];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public void Clear() => Length = 0;

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count > _bytes.Length - Length)
            throw new InvalidOperationException($"Advanced by {count} bytes where {_bytes.Length - Length} were handed out.");
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(Length);
    }

    /// <summary>Makes room for that many bytes more.</summary>
    public void Reserve(int count)
    {
        if (count <= _bytes.Length - Length)
            return;
        var needed = checked(Length + count);
        var doubled = (int)Math.Min(2L * _bytes.Length, Array.MaxLength);
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(needed, LeastSize), Length == 0 ? 0 : doubled));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        Return();
        _bytes = larger;
    }

    public void Dispose()
    {
        Return();
        _bytes = [];
        Length = 0;
    }

    private void Return()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
    }
}
