using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// An n-dimensional array of one type on one device. It owns a reference to a native tensor, given up by
    /// <see cref="Dispose()"/>, by the dispose scope it was made in, or at last by the finalizer.
    /// </summary>
    /// <remarks>libtorch's failures arrive as <see cref="System.Runtime.InteropServices.ExternalException"/>.</remarks>
    public partial class Tensor : IDisposable
    {
        private static long _totalCount;
        private static long _peakCount;

        private nint _handle;

        internal Tensor(nint handle)
            : this(handle, true)
        {
        }

        internal Tensor(nint handle, bool register)
        {
            _handle = handle;
            var total = Interlocked.Increment(ref _totalCount);
            if (total > _peakCount) _peakCount = total;
            if (!register) return;
            var manager = DisposeScopeManager.ThreadSingleton;
            if (manager.Current is { } scope)
            {
                manager.StatisticsInstance.CreatedInScopeCount++;
                scope.Add(this);
            }
            else
            {
                manager.StatisticsInstance.CreatedOutsideScopeCount++;
            }
        }

        ~Tensor() => Dispose(false);

        /// <summary>Tensors alive in the process.</summary>
        public static long TotalCount => Interlocked.Read(ref _totalCount);

        /// <summary>The most tensors that were alive at once (approximate where several threads make them).</summary>
        public static long PeakCount => Interlocked.Read(ref _peakCount);

        /// <summary>A friendly name, for debugging.</summary>
        public string? name { get; set; }

        /// <summary>The native tensor.</summary>
        /// <exception cref="InvalidOperationException">The tensor was disposed.</exception>
        public IntPtr Handle =>
            _handle != 0 ? _handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        /// <summary>True once the tensor was disposed.</summary>
        public bool IsInvalid => _handle == 0;

        internal DisposeScope? OwningDisposeScope { get; set; }

        internal int ScopeSlot { get; set; }

        /// <summary>A second reference to the same native tensor, disposed independently of this one.</summary>
        public Tensor alias() => Wrap(NativeMethods.ct_alias(Handle), this);

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Gives up the native tensor. The finalizer touches neither scopes nor counts of other threads.</summary>
        protected virtual void Dispose(bool disposing)
        {
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle == 0) return;
            if (disposing)
            {
                var statistics = DisposeScopeManager.ThreadSingleton.StatisticsInstance;
                if (OwningDisposeScope is { } scope)
                {
                    statistics.DisposedInScopeCount++;
                    scope.Remove(this);
                }
                else
                {
                    statistics.DisposedOutsideScopeCount++;
                }
            }
            Interlocked.Decrement(ref _totalCount);
            NativeMethods.ct_dispose(handle);
        }

        /// <summary>Hands the tensor to the enclosing scope, or to nobody where there is none.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        /// <summary>Takes the tensor out of all scopes.</summary>
        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        /// <summary>Hands the tensor to the scope that holds <paramref name="other"/>.</summary>
        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        /// <summary>Hands the tensor to a scope; null detaches it.</summary>
        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is null) other?.Attach(this);
            else OwningDisposeScope.MoveToOther(other, this);
            return this;
        }

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        /// <summary>Whether both have the same shape and elements.</summary>
        public bool Equals(Tensor target)
        {
            var result = NativeErrors.Check(NativeMethods.ct_equal(Handle, target.Handle));
            GC.KeepAlive(this);
            GC.KeepAlive(target);
            return result != 0;
        }

        public override int GetHashCode() => base.GetHashCode();

        /// <summary>Shape, type and device, such as <c>[2x3], type = Float32, device = cpu</c>.</summary>
        public override string ToString() =>
            IsInvalid ? "[disposed]" : $"[{string.Join('x', shape)}], type = {dtype}, device = {device}";

        /// <summary>Makes the managed tensor of a native result, and keeps the operands alive until here.</summary>
        internal static Tensor Wrap(nint handle, object? a = null, object? b = null, object? c = null, object? d = null)
        {
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
            GC.KeepAlive(d);
            return new Tensor(NativeErrors.Check(handle));
        }

        /// <summary>This tensor, after an operation on it in place, whose native result is one more reference to it.</summary>
        private Tensor Self(nint handle, object? a = null, object? b = null, object? c = null)
        {
            NativeMethods.ct_dispose(NativeErrors.Check(handle));
            GC.KeepAlive(a);
            GC.KeepAlive(b);
            GC.KeepAlive(c);
            return this;
        }

        /// <summary>Takes the tensors of a native list and frees the list.</summary>
        internal static unsafe Tensor[] WrapList(HandleList list)
        {
            var tensors = new Tensor[list.Count];
            for (var i = 0; i < tensors.Length; i++) tensors[i] = list.Items[i] == 0 ? null! : new Tensor(list.Items[i]);
            NativeMethods.ct_free((nint)list.Items);
            return tensors;
        }
    }
}
