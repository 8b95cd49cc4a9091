using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One place of an indexing expression: a number, a range, a mask, an index tensor, or one of the marks.</summary>
    public struct TensorIndex
    {
        internal enum Kind
        {
            None = 0,
            Single = 1,
            Null = 2,
            Ellipsis = 3,
            Bool = 4,
            Tensor = 5,
            Slice = 6,
        }

        private Kind _kind;
        private long _start;
        private long _stop;
        private long _step;
        private Tensor? _tensor;

        /// <summary>All dimensions not named.</summary>
        public static TensorIndex Ellipsis = new() { _kind = Kind.Ellipsis };

        /// <summary>A new dimension of size one.</summary>
        public static TensorIndex None = new() { _kind = Kind.None };

        /// <summary>As <see cref="None"/>.</summary>
        public static TensorIndex Null = new() { _kind = Kind.Null };

        /// <summary>The whole dimension.</summary>
        public static TensorIndex Colon = Slice();

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) => new()
        {
            _kind = Kind.Slice,
            _start = start ?? long.MinValue,
            _stop = stop ?? long.MinValue,
            _step = step ?? long.MinValue,
        };

        public static TensorIndex Slice((int? start, int? end) range) => Slice((long?)range.start, (long?)range.end);

        public static TensorIndex Slice(Range range) => Slice(Bound(range.Start, false), Bound(range.End, true));

        public static TensorIndex Bool(bool value) => new() { _kind = Kind.Bool, _start = value ? 1 : 0 };

        public static TensorIndex Single(long? index) => new() { _kind = Kind.Single, _start = index ?? 0 };

        public static TensorIndex Tensor(Tensor tensor) => new() { _kind = Kind.Tensor, _tensor = tensor };

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range);

        public static implicit operator TensorIndex(Range range) => Slice(range);

        public static implicit operator TensorIndex(Index index) => Single(Bound(index, false));

        internal readonly IndexEntry ToNative() => new()
        {
            Kind = (int)_kind,
            Start = _start,
            Stop = _stop,
            Step = _step,
            Tensor = _tensor?.Handle ?? 0,
        };

        // ^0 as an end means: to the last one.
        private static long? Bound(Index index, bool end) =>
            !index.IsFromEnd ? index.Value : index.Value == 0 && end ? null : -index.Value;
    }

    public unsafe partial class Tensor
    {
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[long i1]
        {
            get => this[TensorIndex.Single(i1)];
            set => this[TensorIndex.Single(i1)] = value;
        }

        public Tensor this[long i1, long i2]
        {
            get => this[TensorIndex.Single(i1), TensorIndex.Single(i2)];
            set => this[TensorIndex.Single(i1), TensorIndex.Single(i2)] = value;
        }

        public Tensor this[long i1, long i2, long i3]
        {
            get => this[TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3)];
            set => this[TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3)] = value;
        }

        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => this[TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3), TensorIndex.Single(i4)];
            set => this[TensorIndex.Single(i1), TensorIndex.Single(i2), TensorIndex.Single(i3), TensorIndex.Single(i4)] = value;
        }

        public Tensor index(params TensorIndex[] indices)
        {
            var entries = Entries(indices);
            fixed (IndexEntry* e = entries) return Wrap(NativeMethods.ct_index(Handle, e, entries.Length), this, indices);
        }

        public Tensor index(params Tensor[] indices) => index(Array.ConvertAll(indices, TensorIndex.Tensor));

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            var entries = Entries(indices);
            fixed (IndexEntry* e = entries)
                return Self(NativeMethods.ct_index_put_(Handle, e, entries.Length, value.Handle), this, indices, value);
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) =>
            index_put_(value, Array.ConvertAll(indices, TensorIndex.Tensor));

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            var entries = Entries(indices);
            fixed (IndexEntry* e = entries)
                return Self(NativeMethods.ct_index_put_scalar_(Handle, e, entries.Length, value.Native), this, indices);
        }

        private static IndexEntry[] Entries(TensorIndex[] indices) => Array.ConvertAll(indices, i => i.ToNative());
    }
}
