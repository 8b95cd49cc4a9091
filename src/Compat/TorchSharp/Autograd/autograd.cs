using TorchSharp.Native;

namespace TorchSharp;

public static unsafe partial class torch
{
    /// <summary>Gradients of whole graphs.</summary>
    public static partial class autograd
    {
        /// <summary>The gradients of the outputs' weighted sum with respect to the inputs; nothing is accumulated.</summary>
        /// <param name="grad_outputs">One weight tensor an output; left out, outputs must be scalars.</param>
        /// <param name="retain_graph">Keep the graph for another pass.</param>
        /// <param name="create_graph">Record this pass, for derivatives of higher order.</param>
        /// <param name="allow_unused">Inputs that the outputs do not depend on yield null instead of an error.</param>
        public static IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            HandleList list;
            var o = Handles(outputs);
            var i = Handles(inputs);
            var g = Handles(grad_outputs);
            fixed (nint* op = o, ip = i, gp = g)
            {
                NativeErrors.Check(NativeMethods.ct_autograd_grad(op, o.Length, ip, i.Length, gp, g.Length, Tensor.Flag(retain_graph || create_graph), Tensor.Flag(create_graph), Tensor.Flag(allow_unused), &list));
            }
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            return Tensor.WrapList(list);
        }

        /// <summary>Adds the gradients of the tensors' weighted sum to the leaves' gradients.</summary>
        public static void backward(IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null)
        {
            var t = Handles(tensors);
            var g = Handles(grad_tensors);
            var i = Handles(inputs);
            fixed (nint* tp = t, gp = g, ip = i)
            {
                NativeErrors.Check(NativeMethods.ct_backward(tp, t.Length, gp, g.Length, retain_graph.HasValue ? Tensor.Flag(retain_graph.Value) : -1, Tensor.Flag(create_graph), ip, i.Length));
            }
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        public static void backward(Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);
    }

    internal static nint[] Handles(IEnumerable<Tensor?>? tensors) =>
        tensors is null ? [] : [.. tensors.Select(t => t?.Handle ?? 0)];

    public partial class Tensor
    {
        public bool requires_grad
        {
            get
            {
                var result = NativeMethods.ct_requires_grad(Handle) != 0;
                GC.KeepAlive(this);
                return result;
            }
            set
            {
                NativeErrors.Check(NativeMethods.ct_set_requires_grad(Handle, Flag(value)));
                GC.KeepAlive(this);
            }
        }

        public bool is_leaf
        {
            get
            {
                var result = NativeMethods.ct_is_leaf(Handle) != 0;
                GC.KeepAlive(this);
                return result;
            }
        }

        /// <summary>
        /// The gradient accumulated so far, or null. Once set, backward adds to the given tensor in place, so that it
        /// may be a view into a larger buffer.
        /// </summary>
        /// <remarks>
        /// Version 0.101.6 of the package spells reading <c>grad()</c> and writing <c>set_grad(tensor)</c>. This
        /// property's accessor is a method of the latter name, so that name is there in every version.
        /// </remarks>
        public Tensor? grad
        {
            get
            {
                var handle = NativeMethods.ct_grad(Handle);
                GC.KeepAlive(this);
                if (handle != 0) return new Tensor(handle);
                NativeErrors.Check();
                return null;
            }
            set
            {
                NativeErrors.Check(NativeMethods.ct_set_grad(Handle, value?.Handle ?? 0));
                GC.KeepAlive(this);
                GC.KeepAlive(value);
            }
        }

        public Tensor requires_grad_(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        public void retain_grad()
        {
            NativeErrors.Check(NativeMethods.ct_retain_grad(Handle));
            GC.KeepAlive(this);
        }

        /// <summary>Adds the gradient of this scalar to the leaves' gradients.</summary>
        public void backward() => autograd.backward([this]);

        /// <summary>The same elements without their history.</summary>
        public Tensor detach() => Wrap(NativeMethods.ct_detach(Handle), this);

        public Tensor detach_() => Self(NativeMethods.ct_detach_(Handle), this);
    }
}
