using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

public static unsafe partial class torch
{
    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
    {
        var at = device ?? CPU;
        var real = start.Type == ScalarType.Float64 || stop.Type == ScalarType.Float64 || step.Type == ScalarType.Float64;
        var type = dtype ?? (real ? _defaultDtype : ScalarType.Int64);
        return Tensor.Wrap(NativeMethods.ct_arange(start.Native, stop.Native, step.Native, (int)type, (int)at.type, at.index, Tensor.Flag(requires_grad)));
    }

    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(start, stop, Scalar.One, dtype, device, requires_grad);

    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(0L, stop, Scalar.One, dtype, device, requires_grad);

    public static Tensor linspace(double start, double end, long steps, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
    {
        var at = device ?? CPU;
        return Tensor.Wrap(NativeMethods.ct_linspace(start, end, steps, (int)(dtype ?? _defaultDtype), (int)at.type, at.index, Tensor.Flag(requires_grad)));
    }

    public static Tensor eye(long rows, long columns = -1L, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
    {
        var at = device ?? CPU;
        return Tensor.Wrap(NativeMethods.ct_eye(rows, columns < 0 ? rows : columns, (int)(dtype ?? _defaultDtype), (int)at.type, at.index, Tensor.Flag(requires_grad)));
    }

    /// <summary>A copy of an array of any rank, of the array's element type.</summary>
    public static Tensor from_array(Array rawArray, Device? device = null) => from_array(rawArray, null, device);

    public static Tensor from_array(Array rawArray, ScalarType? dtype, Device? device = null, bool requires_grad = false)
    {
        ArgumentNullException.ThrowIfNull(rawArray);
        var source = ScalarTypeOf(rawArray.GetType().GetElementType()!);
        var size = new long[rawArray.Rank];
        for (var i = 0; i < size.Length; i++) size[i] = rawArray.GetLongLength(i);
        fixed (byte* data = &MemoryMarshal.GetArrayDataReference(rawArray))
            return Copy(data, rawArray.LongLength * source.ElementSize(), source, size, dtype, device, requires_grad);
    }

    public static Tensor as_tensor(Array data, ScalarType? dtype = null, Device? device = null) => from_array(data, dtype, device);

    public static Tensor zeros_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        input.zeros_like(dtype, device, requires_grad);

    public static Tensor ones_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        input.ones_like(dtype, device, requires_grad);

    public static Tensor empty_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        input.empty_like(dtype, device, requires_grad);

    public static Tensor full_like(Tensor input, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        input.full_like(value, dtype, device, requires_grad);

    private static Tensor Copy<T>(ReadOnlySpan<T> data, ReadOnlySpan<long> size, ScalarType? dtype, Device? device, bool requires_grad)
        where T : unmanaged
    {
        fixed (T* d = data)
            return Copy(d, (long)data.Length * Unsafe.SizeOf<T>(), ScalarTypeOf(typeof(T)), size, dtype, device, requires_grad);
    }

    private static Tensor Copy(void* data, long bytes, ScalarType source, ReadOnlySpan<long> size, ScalarType? dtype, Device? device, bool requires_grad)
    {
        var at = device ?? CPU;
        fixed (long* s = size)
            return Tensor.Wrap(NativeMethods.ct_from_data(data, bytes, (int)source, s, size.Length, Number(dtype), (int)at.type, at.index, Tensor.Flag(requires_grad)));
    }

    public partial class Tensor
    {
        // Tensors of this one's shape, and of its type and device unless others are named.
        public Tensor zeros_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(0, dtype, device, requires_grad);

        public Tensor ones_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(1, dtype, device, requires_grad);

        public Tensor empty_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Like(2, dtype, device, requires_grad);

        public Tensor full_like(Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            Wrap(NativeMethods.ct_full_like(Handle, value.Native, Number(dtype), device is null ? -1 : (int)device.type, device?.index ?? -1, Flag(requires_grad)), this);

        public Tensor new_zeros(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            zeros(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_ones(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            ones([size], dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_empty(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            empty(size, dtype ?? this.dtype, device ?? this.device, requires_grad);

        public Tensor new_full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
            full(size, value, dtype ?? this.dtype, device ?? this.device, requires_grad);

        private Tensor Like(int kind, ScalarType? dtype, Device? device, bool requires_grad) =>
            Wrap(NativeMethods.ct_like(kind, Handle, Number(dtype), device is null ? -1 : (int)device.type, device?.index ?? -1, Flag(requires_grad)), this);
    }
}
