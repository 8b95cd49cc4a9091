using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

public static unsafe partial class torch
{
    /// <summary>libtorch's version.</summary>
    public static string __version__ => Marshal.PtrToStringUTF8((nint)NativeMethods.ct_version())!;

    /// <summary>Threads one operation may use.</summary>
    public static int get_num_threads() => NativeMethods.ct_get_num_threads();

    /// <summary>Sets how many threads one operation may use, in libtorch and in OpenBLAS.</summary>
    public static void set_num_threads(int num) => NativeErrors.Check(NativeMethods.ct_set_num_threads(num));

    public static int get_num_interop_threads() => NativeMethods.ct_get_num_interop_threads();

    /// <summary>Sets how many operations may run at once; only before the first parallel work.</summary>
    public static void set_num_interop_threads(int num) =>
        NativeErrors.Check(NativeMethods.ct_set_num_interop_threads(num));

    /// <summary>What the machine's CUDA devices offer.</summary>
    public static partial class cuda
    {
        public static bool is_available() => NativeMethods.ct_cuda_is_available() != 0;

        public static int device_count() => NativeMethods.ct_cuda_device_count();
    }
}
