using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The exports of <c>native/tensor.cpp</c>.</summary>
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)] internal static partial void ct_dispose(nint handle);
    [LibraryImport(Library)] internal static partial nint ct_alias(nint a);
    [LibraryImport(Library)] internal static partial nint ct_empty(long* size, int n, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_zeros(long* size, int n, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_ones(long* size, int n, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_full(long* size, int n, NativeScalar value, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_eye(long rows, long columns, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_arange(NativeScalar start, NativeScalar stop, NativeScalar step, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_linspace(double start, double stop, long steps, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_rand(long* size, int n, nint generator, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_randn(long* size, int n, nint generator, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_randint(long low, long high, long* size, int n, nint generator, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_randperm(long count, nint generator, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_uniform_(nint a, double from, double to, nint generator);
    [LibraryImport(Library)] internal static partial nint ct_normal_(nint a, double mean, double std, nint generator);
    [LibraryImport(Library)] internal static partial nint ct_bernoulli_(nint a, double p, nint generator);
    [LibraryImport(Library)] internal static partial nint ct_bernoulli(nint a, nint generator);
    [LibraryImport(Library)] internal static partial nint ct_multinomial(nint a, long count, int replacement, nint generator);
    [LibraryImport(Library)] internal static partial nint ct_like(int kind, nint a, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_full_like(nint a, NativeScalar value, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial nint ct_from_data(void* data, long bytes, int source_type, long* size, int n, int type, int device_type, int device_index, int requires_grad);
    [LibraryImport(Library)] internal static partial long ct_dim(nint a);
    [LibraryImport(Library)] internal static partial long ct_numel(nint a);
    [LibraryImport(Library)] internal static partial long ct_element_size(nint a);
    [LibraryImport(Library)] internal static partial int ct_dtype(nint a);
    [LibraryImport(Library)] internal static partial int ct_device_type(nint a);
    [LibraryImport(Library)] internal static partial int ct_device_index(nint a);
    [LibraryImport(Library)] internal static partial void ct_sizes(nint a, long* result);
    [LibraryImport(Library)] internal static partial void ct_strides(nint a, long* result);
    [LibraryImport(Library)] internal static partial long ct_size(nint a, long dim);
    [LibraryImport(Library)] internal static partial long ct_storage_offset(nint a);
    [LibraryImport(Library)] internal static partial int ct_is_contiguous(nint a);
    [LibraryImport(Library)] internal static partial int ct_is_sparse(nint a);
    [LibraryImport(Library)] internal static partial nint ct_data_ptr(nint a);
    [LibraryImport(Library)] internal static partial int ct_item(nint a, nint result);
    [LibraryImport(Library)] internal static partial nint ct_to(nint a, int device_type, int device_index, int type, int copy);
    [LibraryImport(Library)] internal static partial nint ct_index(nint a, IndexEntry* entries, int count);
    [LibraryImport(Library)] internal static partial nint ct_index_put_(nint a, IndexEntry* entries, int count, nint value);
    [LibraryImport(Library)] internal static partial nint ct_index_put_scalar_(nint a, IndexEntry* entries, int count, NativeScalar value);
}
