namespace TorchSharp.Modules
{
    /// <summary>A tensor that a module learns.</summary>
    public class Parameter : torch.Tensor
    {
        /// <summary>Takes over the data's native tensor: <paramref name="data"/> is empty afterwards.</summary>
        public Parameter(torch.Tensor data, bool requires_grad = true)
            : base(data.with_requires_grad(requires_grad).MoveHandle(out var scope), false)
        {
            scope?.Add(this);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);
        }

        public partial class Tensor
        {
            /// <summary>Gives up the native tensor without disposing it, and leaves its scope.</summary>
            internal nint MoveHandle(out DisposeScope? scope)
            {
                scope = OwningDisposeScope;
                scope?.Remove(this);
                var handle = Handle;
                _handle = 0;
                Interlocked.Decrement(ref _totalCount);
                GC.SuppressFinalize(this);
                return handle;
            }

            /// <summary>Puts another native tensor behind this object: parameters keep their identity when they move.</summary>
            internal void ReplaceHandle(Tensor replacement)
            {
                var old = Handle;
                _handle = replacement.MoveHandle(out _);
                Interlocked.Increment(ref _totalCount);
                Native.NativeMethods.ct_dispose(old);
                Interlocked.Decrement(ref _totalCount);
            }
        }
    }
}
