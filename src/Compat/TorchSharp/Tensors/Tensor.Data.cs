using System.Runtime.CompilerServices;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        /// <summary>The bytes of a contiguous tensor on the CPU, in place: what is written here changes the tensor.</summary>
        /// <exception cref="InvalidOperationException">The tensor is not on the CPU, or over 2 GiB.</exception>
        /// <exception cref="NotImplementedException">The tensor is not contiguous.</exception>
        public Span<byte> bytes
        {
            get
            {
                if (!is_cpu())
                    throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
                if (!is_contiguous()) throw new NotImplementedException("Bytes() called on non-contiguous tensor.");
                var count = numel() * element_size();
                if (count > int.MaxValue)
                    throw new InvalidOperationException($"bytes of a tensor of {count} bytes: a span holds at most {int.MaxValue}. Take narrower views.");
                return new Span<byte>((void*)DataPointer(), (int)count);
            }
            set
            {
                var target = bytes;
                if (value.Length != target.Length)
                    throw new ArgumentException("Mismatched data sizes in call to `Tensor.bytes`.", nameof(value));
                value.CopyTo(target);
            }
        }

        /// <summary>The elements of a tensor on the CPU, whatever its strides, in row-major order.</summary>
        public Utils.TensorAccessor<T> data<T>()
            where T : unmanaged
        {
            if (ScalarTypeOf(typeof(T)) != dtype)
                throw new ArgumentException($"{dtype} is not compatible with {typeof(T).Name}");
            return new Utils.TensorAccessor<T>(this);
        }

        /// <summary>The value of a tensor of one element.</summary>
        /// <exception cref="ArgumentException">There is not exactly one element, or it is of another type.</exception>
        public T item<T>()
            where T : unmanaged
        {
            if (numel() != 1) throw new ArgumentException("Number of elements in the tensor must be 1");
            if (ScalarTypeOf(typeof(T)) != dtype)
                throw new ArgumentException($"{dtype} is not compatible with {typeof(T).Name}");
            T value;
            Read(&value);
            return value;
        }

        /// <summary>The value of a tensor of one element as a scalar operand.</summary>
        public Scalar ToScalar() => dtype switch
        {
            ScalarType.Bool => item<bool>(),
            _ when is_floating_point() => ReadDouble(),
            _ => ReadLong(),
        };

        public static explicit operator float(Tensor value) => (float)value.ReadDouble();

        public static explicit operator double(Tensor value) => value.ReadDouble();

        public static explicit operator int(Tensor value) => (int)value.ReadLong();

        public static explicit operator long(Tensor value) => value.ReadLong();

        public static explicit operator bool(Tensor value) => value.ReadDouble() != 0;

        internal double ReadDouble()
        {
            using var real = to(ScalarType.Float64);
            return real.item<double>();
        }

        internal long ReadLong()
        {
            using var whole = to(ScalarType.Int64);
            return whole.item<long>();
        }

        internal nint DataPointer()
        {
            var pointer = NativeMethods.ct_data_ptr(Handle);
            if (pointer == 0) NativeErrors.Check();
            GC.KeepAlive(this);
            return pointer;
        }

        private void Read<T>(T* value)
            where T : unmanaged
        {
            Unsafe.SkipInit(out *value);
            NativeErrors.Check(NativeMethods.ct_item(Handle, (nint)value));
            GC.KeepAlive(this);
        }
    }
}

/// <summary>Single values and sizes.</summary>
public static class TensorExtensionMethods
{
    /// <summary>Bytes of one element.</summary>
    public static int ElementSize(this torch.ScalarType type) => type switch
    {
        torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Bool => 1,
        torch.ScalarType.Int16 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => 2,
        torch.ScalarType.Int32 or torch.ScalarType.Float32 => 4,
        _ => 8,
    };

    public static float ToSingle(this torch.Tensor value) => (float)value.ReadDouble();

    public static double ToDouble(this torch.Tensor value) => value.ReadDouble();

    public static int ToInt32(this torch.Tensor value) => (int)value.ReadLong();

    public static long ToInt64(this torch.Tensor value) => value.ReadLong();

    public static bool ToBoolean(this torch.Tensor value) => value.ReadDouble() != 0;
}
