using System.Collections;

namespace TorchSharp.Utils;

/// <summary>Reads and writes the elements of a tensor on the CPU in row-major order, whatever its strides.</summary>
public sealed unsafe class TensorAccessor<T> : IDisposable, IEnumerable<T>
    where T : unmanaged
{
    private readonly torch.Tensor _tensor;
    private readonly T* _data;
    private readonly long[] _shape;
    private readonly long[] _strides;
    private readonly bool _contiguous;

    internal TensorAccessor(torch.Tensor tensor)
    {
        if (!tensor.is_cpu())
            throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        _tensor = tensor;
        _shape = tensor.shape;
        _strides = tensor.stride();
        _contiguous = tensor.is_contiguous();
        Count = tensor.numel();
        _data = Count == 0 ? null : (T*)tensor.DataPointer();
    }

    public long Count { get; }

    public bool IsReadOnly => false;

    /// <summary>The element at one index a dimension.</summary>
    public T this[params long[] indices]
    {
        get => _data[Offset(indices)];
        set => _data[Offset(indices)] = value;
    }

    public T[] ToArray()
    {
        var result = new T[Count];
        CopyTo(result);
        return result;
    }

    /// <summary>Copies the elements from number <paramref name="tensorIndex"/> on into an array.</summary>
    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var count = Count - tensorIndex;
        if (array.Length - arrayIndex < count)
            throw new ArgumentException("the array is too short for the tensor's elements", nameof(array));
        if (_contiguous)
        {
            fixed (T* a = array)
                Buffer.MemoryCopy(_data + tensorIndex, a + arrayIndex, (array.LongLength - arrayIndex) * sizeof(T), count * sizeof(T));
            return;
        }
        for (var i = 0L; i < count; i++) array[arrayIndex + i] = _data[Position(tensorIndex + i)];
    }

    /// <summary>Copies an array over the elements from number <paramref name="tensorIndex"/> on.</summary>
    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var count = Math.Min(array.Length - arrayIndex, Count - tensorIndex);
        for (var i = 0L; i < count; i++) _data[Position(tensorIndex + i)] = array[arrayIndex + i];
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (var i = 0L; i < Count; i++) yield return Element(i);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Nothing to give up: the tensor keeps its memory.</summary>
    public void Dispose() => GC.KeepAlive(_tensor);

    private T Element(long number) => _data[Position(number)];

    private long Offset(long[] indices)
    {
        if (indices.Length != _shape.Length)
            throw new ArgumentException($"{indices.Length} indices for a tensor of {_shape.Length} dimensions", nameof(indices));
        var offset = 0L;
        for (var i = 0; i < indices.Length; i++)
        {
            if (indices[i] < 0 || indices[i] >= _shape[i])
                throw new IndexOutOfRangeException($"index {indices[i]} is out of range of dimension {i} of size {_shape[i]}");
            offset += indices[i] * _strides[i];
        }
        return offset;
    }

    private long Position(long number)
    {
        if (_contiguous) return number;
        var offset = 0L;
        for (var i = _shape.Length - 1; i >= 0; i--)
        {
            offset += number % _shape[i] * _strides[i];
            number /= _shape[i];
        }
        return offset;
    }
}
