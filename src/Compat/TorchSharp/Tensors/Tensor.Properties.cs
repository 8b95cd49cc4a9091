using System.Diagnostics.CodeAnalysis;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        public long ndim => dim();

        public long Dimensions => dim();

        public long NumberOfElements => numel();

        public long ElementSize => element_size();

        public ScalarType dtype
        {
            get
            {
                var result = (ScalarType)NativeMethods.ct_dtype(Handle);
                GC.KeepAlive(this);
                return result;
            }
        }

        public DeviceType device_type
        {
            get
            {
                var result = (DeviceType)NativeMethods.ct_device_type(Handle);
                GC.KeepAlive(this);
                return result;
            }
        }

        public int device_index
        {
            get
            {
                var result = NativeMethods.ct_device_index(Handle);
                GC.KeepAlive(this);
                return result;
            }
        }

        public Device device => device_type == DeviceType.CPU ? CPU : new Device(device_type, device_index);

        public bool is_cuda => device_type == DeviceType.CUDA;

        public bool is_sparse
        {
            get
            {
                var result = NativeMethods.ct_is_sparse(Handle) != 0;
                GC.KeepAlive(this);
                return result;
            }
        }

        public long[] shape
        {
            get
            {
                var result = new long[dim()];
                fixed (long* r = result) NativeMethods.ct_sizes(Handle, r);
                GC.KeepAlive(this);
                return result;
            }
        }

        public bool is_cpu() => device_type == DeviceType.CPU;

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_integral() => torch.is_integral(dtype);

        public long dim()
        {
            var result = NativeMethods.ct_dim(Handle);
            GC.KeepAlive(this);
            return result;
        }

        public long numel()
        {
            var result = NativeMethods.ct_numel(Handle);
            GC.KeepAlive(this);
            return result;
        }

        public long element_size()
        {
            var result = NativeMethods.ct_element_size(Handle);
            GC.KeepAlive(this);
            return result;
        }

        public long[] size() => shape;

        public long size(int dim)
        {
            var result = NativeMethods.ct_size(Handle, dim);
            GC.KeepAlive(this);
            if (result < 0) NativeErrors.Check();
            return result;
        }

        public long[] stride()
        {
            var result = new long[dim()];
            fixed (long* r = result) NativeMethods.ct_strides(Handle, r);
            GC.KeepAlive(this);
            return result;
        }

        public long stride(int dim)
        {
            var all = stride();
            return all[dim < 0 ? dim + all.Length : dim];
        }

        public long storage_offset()
        {
            var result = NativeMethods.ct_storage_offset(Handle);
            GC.KeepAlive(this);
            return result;
        }

        public bool is_contiguous()
        {
            var result = NativeMethods.ct_is_contiguous(Handle) != 0;
            GC.KeepAlive(this);
            return result;
        }

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false) =>
            To(-1, -1, (int)type, copy, disposeAfter);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false) =>
            To((int)device.type, device.index, -1, copy, disposeAfter);

        public Tensor to(string device, bool copy = false, bool disposeAfter = false) =>
            to(new Device(device), copy, disposeAfter);

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false) =>
            to(new Device(deviceType, deviceIndex), copy, disposeAfter);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false) =>
            To((int)device.type, device.index, (int)type, copy, disposeAfter);

        /// <summary>In the other's type, on its device.</summary>
        public Tensor to(Tensor other) => to(other.dtype, other.device);

        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false) => to(type, copy, disposeAfter);

        public Tensor type(ScalarType dtype) => to(dtype);

        public Tensor type_as(Tensor tensor) => to(tensor.dtype);

        public Tensor cpu() => to(CPU);

        public Tensor cuda(Device? device = null) => to(device ?? CUDA);

        [SuppressMessage("Naming", "CA1720", Justification = "the package's name")]
        public Tensor @float() => to(ScalarType.Float32);

        public Tensor @double() => to(ScalarType.Float64);

        public Tensor @int() => to(ScalarType.Int32);

        public Tensor @long() => to(ScalarType.Int64);

        public Tensor @bool() => to(ScalarType.Bool);

        public Tensor half() => to(ScalarType.Float16);

        public Tensor bfloat16() => to(ScalarType.BFloat16);

        private Tensor To(int deviceType, int deviceIndex, int type, bool copy, bool disposeAfter)
        {
            var result = Wrap(NativeMethods.ct_to(Handle, deviceType, deviceIndex, type, Flag(copy)), this);
            if (disposeAfter) Dispose();
            return result;
        }
    }
}
