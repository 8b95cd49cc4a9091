using TorchSharp.Native;

namespace TorchSharp;

public static unsafe partial class torch
{
    public static partial class autograd
    {
        /// <summary>What a function's forward leaves for its backward.</summary>
        public class AutogradContext : IDisposable
        {
            private readonly Dictionary<string, object> _data = [];

            internal AutogradContext()
            {
            }

            /// <summary>Whether gradients that did not arrive are handed to backward as zeros. True by default.</summary>
            public bool MaterializeGrads { get; private set; } = true;

            internal List<Tensor> Saved { get; private set; } = [];

            internal List<Tensor> Dirty { get; private set; } = [];

            internal List<Tensor> NonDifferentiable { get; private set; } = [];

            /// <summary>libtorch's context, while backward runs.</summary>
            internal nint Native { get; set; }

            /// <summary>Keeps tensors for backward, which is told if they were changed in place meanwhile. Once, in forward.</summary>
            public void save_for_backward(List<Tensor> tensors) => Saved = tensors;

            /// <summary>Keeps anything but tensors for backward.</summary>
            public void save_data(string key, object value) => _data[key] = value;

            /// <summary>What <see cref="save_data"/> kept, or null.</summary>
            public object? get_data(string key) => _data.GetValueOrDefault(key);

            /// <summary>Says which arguments forward changed in place.</summary>
            public void mark_dirty(List<Tensor> tensors) => Dirty = [.. tensors];

            /// <summary>Says which results take no gradient.</summary>
            public void mark_non_differentiable(List<Tensor> tensors) => NonDifferentiable = [.. tensors];

            public void set_materialize_grads(bool value) => MaterializeGrads = value;

            /// <summary>The tensors that forward saved; null where it saved null.</summary>
            /// <exception cref="InvalidOperationException">Called outside of backward.</exception>
            public List<Tensor> get_saved_variables()
            {
                if (Native == 0) throw new InvalidOperationException("get_saved_variables may be called within backward only");
                HandleList list;
                NativeErrors.Check(NativeMethods.ct_function_saved(Native, &list));
                return [.. Tensor.WrapList(list)];
            }

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            /// <summary>The tensors belong to libtorch's node; only references into forward's arguments go.</summary>
            protected virtual void Dispose(bool disposing)
            {
                Saved = [];
                Dirty = [];
                NonDifferentiable = [];
            }
        }
    }
}
