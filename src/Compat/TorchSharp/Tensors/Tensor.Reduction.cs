using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        // Reductions over all elements or over one or more dimensions.
        public Tensor sum(ScalarType? type = null) => Sum([], false, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => Sum(dim, keepdim, type);

        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) => Sum(dim, keepdim, type);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => Sum([dim], keepdim, type);

        public Tensor mean() => Mean([], false, null);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => Mean(dimensions, keepdim, type);

        public Tensor prod(ScalarType? type = null) => Wrap(NativeMethods.ct_prod(Handle, 0, 0, 0, Number(type)), this);

        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) =>
            Wrap(NativeMethods.ct_prod(Handle, 1, dim, Flag(keepdim), Number(type)), this);

        public Tensor var(bool unbiased = true) => Variance(0, [], unbiased, false);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Variance(0, [dim], unbiased, keepdim, type);

        public Tensor std(bool unbiased = true) => Variance(1, [], unbiased, false);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            Variance(1, [dim], unbiased, keepdim, type);

        public Tensor norm(float p = 2.0f) => Wrap(NativeMethods.ct_norm(Handle, p, 0, 0, 0), this);

        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) =>
            Wrap(NativeMethods.ct_norm(Handle, p, 1, dim, Flag(keepdim)), this);

        public Tensor max() => Wrap(NativeMethods.ct_max(Handle), this);

        public Tensor max(Tensor other) => maximum(other);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false)
        {
            nint second = 0;
            var first = NativeMethods.ct_max_dim(Handle, dim, Flag(keepdim), &second);
            return Pair(first, second);
        }

        public Tensor min() => Wrap(NativeMethods.ct_min(Handle), this);

        public Tensor min(Tensor other) => minimum(other);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false)
        {
            nint second = 0;
            var first = NativeMethods.ct_min_dim(Handle, dim, Flag(keepdim), &second);
            return Pair(first, second);
        }

        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null)
        {
            RejectOut(@out);
            fixed (long* d = dims) return Wrap(NativeMethods.ct_amax(Handle, d, dims.Length, Flag(keepdim)), this);
        }

        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null)
        {
            RejectOut(@out);
            fixed (long* d = dims) return Wrap(NativeMethods.ct_amin(Handle, d, dims.Length, Flag(keepdim)), this);
        }

        public Tensor median() => Wrap(NativeMethods.ct_median(Handle), this);

        public Tensor argmax() => Wrap(NativeMethods.ct_argmax(Handle), this);

        public Tensor argmax(long dim, bool keepdim = false) =>
            Wrap(NativeMethods.ct_argmax_dim(Handle, dim, Flag(keepdim)), this);

        public Tensor argmin() => Wrap(NativeMethods.ct_argmin(Handle), this);

        public Tensor argmin(long dim, bool keepdim = false) =>
            Wrap(NativeMethods.ct_argmin_dim(Handle, dim, Flag(keepdim)), this);

        public Tensor all() => Wrap(NativeMethods.ct_all(Handle), this);

        public Tensor all(long dim, bool keepdim = false) => Wrap(NativeMethods.ct_all_dim(Handle, dim, Flag(keepdim)), this);

        public Tensor any() => Wrap(NativeMethods.ct_any(Handle), this);

        public Tensor any(long dim, bool keepdim = false) => Wrap(NativeMethods.ct_any_dim(Handle, dim, Flag(keepdim)), this);

        public Tensor trace() => Wrap(NativeMethods.ct_trace(Handle), this);

        public Tensor cumsum(long dim, ScalarType? type = null) => Wrap(NativeMethods.ct_cumsum(Handle, dim, Number(type)), this);

        public Tensor cumprod(long dim, ScalarType? type = null) =>
            Wrap(NativeMethods.ct_cumprod(Handle, dim, Number(type)), this);

        public Tensor logsumexp(long dim, bool keepdim = false) =>
            Wrap(NativeMethods.ct_logsumexp(Handle, dim, Flag(keepdim)), this);

        public Tensor softmax(long dim, ScalarType? dtype = null) =>
            Wrap(NativeMethods.ct_softmax(Handle, dim, Number(dtype)), this);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) =>
            Wrap(NativeMethods.ct_log_softmax(Handle, dim, Number(dtype)), this);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true)
        {
            nint second = 0;
            var first = NativeMethods.ct_topk(Handle, k, dim, Flag(largest), Flag(sorted), &second);
            return Pair(first, second);
        }

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false)
        {
            nint second = 0;
            var first = NativeMethods.ct_sort(Handle, dim, Flag(descending), Flag(stable), &second);
            return Pair(first, second);
        }

        public Tensor argsort(long dim = -1, bool descending = false) =>
            Wrap(NativeMethods.ct_argsort(Handle, dim, Flag(descending)), this);

        /// <summary>Whether all elements differ by at most <c>atol + rtol · |target|</c>.</summary>
        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false)
        {
            var result = NativeErrors.Check(NativeMethods.ct_allclose(Handle, target.Handle, rtol, atol, Flag(equal_nan)));
            GC.KeepAlive(this);
            GC.KeepAlive(target);
            return result != 0;
        }

        public Tensor isclose(Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) =>
            Wrap(NativeMethods.ct_isclose(Handle, other.Handle, rtol, atol, Flag(nanEqual)), this, other);

        public Tensor nonzero() => Wrap(NativeMethods.ct_nonzero(Handle), this);

        internal static int Flag(bool value) => value ? 1 : 0;

        private static void RejectOut(Tensor? @out)
        {
            if (@out is not null) throw new NotSupportedException("writing a reduction into a given tensor is not supported");
        }

        private (Tensor First, Tensor Second) Pair(nint first, nint second)
        {
            var one = Wrap(first, this);
            return (one, new Tensor(second));
        }

        private Tensor Sum(ReadOnlySpan<long> dims, bool keep, ScalarType? type)
        {
            fixed (long* d = dims) return Wrap(NativeMethods.ct_sum(Handle, d, dims.Length, Flag(keep), Number(type)), this);
        }

        private Tensor Mean(ReadOnlySpan<long> dims, bool keep, ScalarType? type)
        {
            fixed (long* d = dims) return Wrap(NativeMethods.ct_mean(Handle, d, dims.Length, Flag(keep), Number(type)), this);
        }

        private Tensor Variance(int kind, ReadOnlySpan<long> dims, bool unbiased, bool keep, ScalarType? type = null)
        {
            if (type is not null) return to(type.Value).Variance(kind, dims, unbiased, keep);
            fixed (long* d = dims)
                return Wrap(NativeMethods.ct_var(Handle, kind, d, dims.Length, Flag(unbiased), Flag(keep)), this);
        }
    }
}
