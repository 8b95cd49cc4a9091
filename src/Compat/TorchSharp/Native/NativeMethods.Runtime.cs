using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The exports of <c>native/runtime.cpp</c>.</summary>
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)] internal static partial byte* ct_last_error();
    [LibraryImport(Library)] internal static partial void ct_free(nint memory);
    [LibraryImport(Library)] internal static partial byte* ct_version();
    [LibraryImport(Library)] internal static partial int ct_get_num_threads();
    [LibraryImport(Library)] internal static partial int ct_set_num_threads(int count);
    [LibraryImport(Library)] internal static partial int ct_get_num_interop_threads();
    [LibraryImport(Library)] internal static partial int ct_set_num_interop_threads(int count);
    [LibraryImport(Library)] internal static partial int ct_cuda_is_available();
    [LibraryImport(Library)] internal static partial int ct_cuda_device_count();
    [LibraryImport(Library)] internal static partial int ct_manual_seed(long seed);
    [LibraryImport(Library)] internal static partial nint ct_generator_new(ulong seed);
    [LibraryImport(Library)] internal static partial nint ct_generator_default();
    [LibraryImport(Library)] internal static partial void ct_generator_delete(nint generator);
    [LibraryImport(Library)] internal static partial int ct_generator_set_seed(nint generator, long seed);
    [LibraryImport(Library)] internal static partial long ct_generator_seed(nint generator);
    [LibraryImport(Library)] internal static partial long ct_generator_initial_seed(nint generator);
    [LibraryImport(Library)] internal static partial nint ct_generator_get_state(nint generator);
    [LibraryImport(Library)] internal static partial int ct_generator_set_state(nint generator, nint state);
}
