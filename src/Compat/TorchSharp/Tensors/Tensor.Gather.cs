using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        // Elements picked, placed or replaced by an index or a mask.
        public Tensor gather(long dim, Tensor index) =>
            Wrap(NativeMethods.ct_gather(Handle, dim, index.Handle), this, index);

        public Tensor scatter(long dim, Tensor index, Tensor src) =>
            Wrap(NativeMethods.ct_scatter(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor scatter_(long dim, Tensor index, Tensor src) =>
            Self(NativeMethods.ct_scatter_(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor scatter_add(long dim, Tensor index, Tensor src) =>
            Wrap(NativeMethods.ct_scatter_add(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor scatter_add_(long dim, Tensor index, Tensor src) =>
            Self(NativeMethods.ct_scatter_add_(Handle, dim, index.Handle, src.Handle), this, index, src);

        public Tensor index_select(long dim, Tensor index) =>
            Wrap(NativeMethods.ct_index_select(Handle, dim, index.Handle), this, index);

        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Wrap(NativeMethods.ct_index_add(Handle, dim, index.Handle, source.Handle, alpha.Native), this, index, source);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Self(NativeMethods.ct_index_add_(Handle, dim, index.Handle, source.Handle, alpha.Native), this, index, source);

        public Tensor index_copy_(long dim, Tensor index, Tensor source) =>
            Self(NativeMethods.ct_index_copy_(Handle, dim, index.Handle, source.Handle), this, index, source);

        public Tensor masked_fill(Tensor mask, Scalar value) =>
            Wrap(NativeMethods.ct_masked_fill(Handle, mask.Handle, value.Native), this, mask);

        public Tensor masked_fill_(Tensor mask, Scalar value) =>
            Self(NativeMethods.ct_masked_fill_(Handle, mask.Handle, value.Native), this, mask);

        public Tensor masked_select(Tensor mask) => Wrap(NativeMethods.ct_masked_select(Handle, mask.Handle), this, mask);

        /// <summary>This tensor where <paramref name="condition"/> holds, <paramref name="y"/> elsewhere.</summary>
        public Tensor where(Tensor condition, Tensor y) =>
            Wrap(NativeMethods.ct_where(condition.Handle, Handle, y.Handle), this, condition, y);

        public Tensor fill_(Scalar value) => Self(NativeMethods.ct_fill_(Handle, value.Native), this);

        public Tensor zero_() => Wrap(NativeMethods.ct_zero_(Handle), this);

        /// <summary>Makes this tensor share the storage, shape and strides of another.</summary>
        public Tensor set_(Tensor source) => Self(NativeMethods.ct_set_(Handle, source.Handle), source);

        public Tensor copy_(Tensor source, bool nonBlocking = false) =>
            Self(NativeMethods.ct_copy_(Handle, source.Handle, Flag(nonBlocking)), this, source);
    }
}
