using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        // Views and copies in another order.
        public Tensor view(params long[] shape)
        {
            fixed (long* s = shape) return Wrap(NativeMethods.ct_view(Handle, s, shape.Length), this);
        }

        public Tensor view_as(Tensor other) => view(other.shape);

        public Tensor reshape(params long[] shape)
        {
            fixed (long* s = shape) return Wrap(NativeMethods.ct_reshape(Handle, s, shape.Length), this);
        }

        public Tensor permute(params long[] permutation)
        {
            fixed (long* p = permutation) return Wrap(NativeMethods.ct_permute(Handle, p, permutation.Length), this);
        }

        public Tensor expand(params long[] sizes) => expand(sizes.AsSpan(), false);

        public Tensor expand(long[] sizes, bool isImplicit = false) => expand(sizes.AsSpan(), isImplicit);

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false)
        {
            fixed (long* s = sizes) return Wrap(NativeMethods.ct_expand(Handle, s, sizes.Length, Flag(isImplicit)), this);
        }

        public Tensor expand_as(Tensor other) => expand(other.shape.AsSpan());

        public Tensor broadcast_to(params long[] shape) => expand(shape.AsSpan());

        public Tensor repeat(params long[] sizes)
        {
            fixed (long* s = sizes) return Wrap(NativeMethods.ct_repeat(Handle, s, sizes.Length), this);
        }

        public Tensor tile(long[] reps)
        {
            fixed (long* s = reps) return Wrap(NativeMethods.ct_tile(Handle, s, reps.Length), this);
        }

        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null)
        {
            if (output_size is not null)
                throw new NotSupportedException("repeat_interleave computes its output size itself: leave output_size out");
            return Wrap(NativeMethods.ct_repeat_interleave(Handle, repeats, Flag(dim.HasValue), dim ?? 0), this);
        }

        public Tensor flip(params long[] dims)
        {
            fixed (long* d = dims) return Wrap(NativeMethods.ct_flip(Handle, d, dims.Length), this);
        }

        public Tensor roll(long shifts, long? dims = null) => Roll([shifts], dims.HasValue ? [dims.Value] : []);

        public Tensor roll(long[] shifts, long[] dims) => Roll(shifts, dims);

        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0L)
        {
            if (size.Length != strides.Length)
                throw new ArgumentException("as_strided wants one stride for every size", nameof(strides));
            fixed (long* s = size, t = strides)
                return Wrap(NativeMethods.ct_as_strided(Handle, s, size.Length, t, storageOffset), this);
        }

        public Tensor transpose(long dim0, long dim1) => Wrap(NativeMethods.ct_transpose(Handle, dim0, dim1), this);

        /// <summary>The transpose of a matrix.</summary>
        public Tensor t() => Wrap(NativeMethods.ct_t(Handle), this);

        /// <summary>The last two dimensions exchanged.</summary>
        public Tensor mT => transpose(-2, -1);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) =>
            Wrap(NativeMethods.ct_flatten(Handle, start_dim, end_dim), this);

        public Tensor unflatten(long dim, params long[] sizes)
        {
            fixed (long* s = sizes) return Wrap(NativeMethods.ct_unflatten(Handle, dim, s, sizes.Length), this);
        }

        public Tensor squeeze(long? dim = null) =>
            Wrap(dim.HasValue ? NativeMethods.ct_squeeze_dim(Handle, dim.Value) : NativeMethods.ct_squeeze(Handle), this);

        public Tensor unsqueeze(long dim) => Wrap(NativeMethods.ct_unsqueeze(Handle, dim), this);

        public Tensor narrow(long dim, long start, long length) =>
            Wrap(NativeMethods.ct_narrow(Handle, dim, start, length), this);

        public Tensor slice(long dim, long start, long finish, long step) =>
            Wrap(NativeMethods.ct_slice(Handle, dim, start, finish, step), this);

        public Tensor select(long dim, long index) => Wrap(NativeMethods.ct_select(Handle, dim, index), this);

        public Tensor contiguous() => Wrap(NativeMethods.ct_contiguous(Handle), this);

        public Tensor clone() => Wrap(NativeMethods.ct_clone(Handle), this);

        public Tensor tril(long diagonal = 0) => Wrap(NativeMethods.ct_tril(Handle, diagonal), this);

        public Tensor tril_(long diagonal = 0) => Wrap(NativeMethods.ct_tril_(Handle, diagonal), this);

        public Tensor triu(long diagonal = 0) => Wrap(NativeMethods.ct_triu(Handle, diagonal), this);

        public Tensor triu_(long diagonal = 0) => Wrap(NativeMethods.ct_triu_(Handle, diagonal), this);

        public Tensor diag(long diagonal = 0) => Wrap(NativeMethods.ct_diag(Handle, diagonal), this);

        public Tensor unfold(long dimension, long size, long step) =>
            Wrap(NativeMethods.ct_unfold(Handle, dimension, size, step), this);

        public Tensor[] split(long size, int dim = 0)
        {
            HandleList list;
            NativeErrors.Check(NativeMethods.ct_split(Handle, size, dim, &list));
            GC.KeepAlive(this);
            return WrapList(list);
        }

        public Tensor[] split(long[] sizes, long dim = 0)
        {
            HandleList list;
            fixed (long* s = sizes) NativeErrors.Check(NativeMethods.ct_split_sizes(Handle, s, sizes.Length, dim, &list));
            GC.KeepAlive(this);
            return WrapList(list);
        }

        public Tensor[] chunk(long chunks, long dim = 0L)
        {
            HandleList list;
            NativeErrors.Check(NativeMethods.ct_chunk(Handle, chunks, dim, &list));
            GC.KeepAlive(this);
            return WrapList(list);
        }

        public Tensor[] unbind(long dimension = 0L)
        {
            HandleList list;
            NativeErrors.Check(NativeMethods.ct_unbind(Handle, dimension, &list));
            GC.KeepAlive(this);
            return WrapList(list);
        }

        private Tensor Roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims)
        {
            fixed (long* s = shifts, d = dims)
                return Wrap(NativeMethods.ct_roll(Handle, s, shifts.Length, d, dims.Length), this);
        }
    }
}
