using System.Runtime.InteropServices;

namespace TorchSharp.Native;

/// <summary>The exports of <c>native/shape.cpp</c>.</summary>
internal static unsafe partial class NativeMethods
{
    [LibraryImport(Library)] internal static partial nint ct_view(nint a, long* size, int n);
    [LibraryImport(Library)] internal static partial nint ct_reshape(nint a, long* size, int n);
    [LibraryImport(Library)] internal static partial nint ct_permute(nint a, long* dims, int n);
    [LibraryImport(Library)] internal static partial nint ct_expand(nint a, long* size, int n, int isImplicit);
    [LibraryImport(Library)] internal static partial nint ct_repeat(nint a, long* size, int n);
    [LibraryImport(Library)] internal static partial nint ct_tile(nint a, long* size, int n);
    [LibraryImport(Library)] internal static partial nint ct_flip(nint a, long* dims, int n);
    [LibraryImport(Library)] internal static partial nint ct_roll(nint a, long* shifts, int ns, long* dims, int nd);
    [LibraryImport(Library)] internal static partial nint ct_as_strided(nint a, long* size, int n, long* strides, long offset);
    [LibraryImport(Library)] internal static partial nint ct_transpose(nint a, long d0, long d1);
    [LibraryImport(Library)] internal static partial nint ct_t(nint a);
    [LibraryImport(Library)] internal static partial nint ct_flatten(nint a, long start, long end);
    [LibraryImport(Library)] internal static partial nint ct_unflatten(nint a, long dim, long* size, int n);
    [LibraryImport(Library)] internal static partial nint ct_squeeze(nint a);
    [LibraryImport(Library)] internal static partial nint ct_squeeze_dim(nint a, long dim);
    [LibraryImport(Library)] internal static partial nint ct_unsqueeze(nint a, long dim);
    [LibraryImport(Library)] internal static partial nint ct_narrow(nint a, long dim, long start, long length);
    [LibraryImport(Library)] internal static partial nint ct_slice(nint a, long dim, long start, long end, long step);
    [LibraryImport(Library)] internal static partial nint ct_select(nint a, long dim, long index);
    [LibraryImport(Library)] internal static partial nint ct_contiguous(nint a);
    [LibraryImport(Library)] internal static partial nint ct_clone(nint a);
    [LibraryImport(Library)] internal static partial nint ct_tril(nint a, long diagonal);
    [LibraryImport(Library)] internal static partial nint ct_tril_(nint a, long diagonal);
    [LibraryImport(Library)] internal static partial nint ct_triu(nint a, long diagonal);
    [LibraryImport(Library)] internal static partial nint ct_triu_(nint a, long diagonal);
    [LibraryImport(Library)] internal static partial nint ct_diag(nint a, long diagonal);
    [LibraryImport(Library)] internal static partial nint ct_unfold(nint a, long dim, long size, long step);
    [LibraryImport(Library)] internal static partial nint ct_repeat_interleave(nint a, long repeats, int has_dim, long dim);
    [LibraryImport(Library)] internal static partial nint ct_gather(nint a, long dim, nint index);
    [LibraryImport(Library)] internal static partial nint ct_scatter(nint a, long dim, nint index, nint source);
    [LibraryImport(Library)] internal static partial nint ct_scatter_(nint a, long dim, nint index, nint source);
    [LibraryImport(Library)] internal static partial nint ct_scatter_add(nint a, long dim, nint index, nint source);
    [LibraryImport(Library)] internal static partial nint ct_scatter_add_(nint a, long dim, nint index, nint source);
    [LibraryImport(Library)] internal static partial nint ct_index_select(nint a, long dim, nint index);
    [LibraryImport(Library)] internal static partial nint ct_index_add(nint a, long dim, nint index, nint source, NativeScalar alpha);
    [LibraryImport(Library)] internal static partial nint ct_index_add_(nint a, long dim, nint index, nint source, NativeScalar alpha);
    [LibraryImport(Library)] internal static partial nint ct_index_copy_(nint a, long dim, nint index, nint source);
    [LibraryImport(Library)] internal static partial nint ct_masked_fill(nint a, nint mask, NativeScalar value);
    [LibraryImport(Library)] internal static partial nint ct_masked_fill_(nint a, nint mask, NativeScalar value);
    [LibraryImport(Library)] internal static partial nint ct_masked_select(nint a, nint mask);
    [LibraryImport(Library)] internal static partial nint ct_where(nint condition, nint a, nint b);
    [LibraryImport(Library)] internal static partial nint ct_fill_(nint a, NativeScalar value);
    [LibraryImport(Library)] internal static partial nint ct_zero_(nint a);
    [LibraryImport(Library)] internal static partial nint ct_set_(nint a, nint source);
    [LibraryImport(Library)] internal static partial nint ct_copy_(nint a, nint source, int non_blocking);
    [LibraryImport(Library)] internal static partial nint ct_cat(nint* tensors, long count, long dim);
    [LibraryImport(Library)] internal static partial nint ct_stack(nint* tensors, long count, long dim);
    [LibraryImport(Library)] internal static partial int ct_split(nint a, long size, long dim, HandleList* result);
    [LibraryImport(Library)] internal static partial int ct_split_sizes(nint a, long* sizes, int n, long dim, HandleList* result);
    [LibraryImport(Library)] internal static partial int ct_chunk(nint a, long chunks, long dim, HandleList* result);
    [LibraryImport(Library)] internal static partial int ct_unbind(nint a, long dim, HandleList* result);
}
