using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers on the CPU.</summary>
    public class Generator : IDisposable
    {
        private nint _handle;

        public Generator(ulong seed = 0, Device? device = null)
            : this(NativeMethods.ct_generator_new(seed))
        {
            if (device is { type: not DeviceType.CPU })
                throw new NotSupportedException("only generators of the CPU are supported");
        }

        private Generator(nint handle) => _handle = handle;

        ~Generator() => Dispose(false);

        /// <summary>The CPU's default generator.</summary>
        public static Generator Default => new(NativeMethods.ct_generator_default());

        public IntPtr Handle => _handle != 0 ? _handle : throw new ObjectDisposedException(nameof(Generator));

        public Device device { get; } = CPU;

        public Generator manual_seed(long seed)
        {
            NativeErrors.Check(NativeMethods.ct_generator_set_seed(Handle, seed));
            return this;
        }

        /// <summary>Seeds the generator from the system's entropy; returns that seed.</summary>
        public long seed() => NativeMethods.ct_generator_seed(Handle);

        public long initial_seed() => NativeMethods.ct_generator_initial_seed(Handle);

        public Tensor get_state() => Tensor.Wrap(NativeMethods.ct_generator_get_state(Handle), this);

        public void set_state(Tensor value)
        {
            NativeErrors.Check(NativeMethods.ct_generator_set_state(Handle, value.Handle));
            GC.KeepAlive(value);
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle != 0) NativeMethods.ct_generator_delete(handle);
        }
    }
}
