using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

public static unsafe partial class torch
{
    public static partial class autograd
    {
        /// <summary>An operation whose two passes are written here; derive from one of the two kinds below.</summary>
        /// <remarks>
        /// <c>apply</c> takes any objects. Tensors among them become inputs of the graph's node; backward returns one
        /// entry an argument, null for what is no tensor or takes no gradient.
        /// </remarks>
        public abstract class Function<T>
            where T : Function<T>, new()
        {
            private static readonly T Instance = new();

            /// <summary>Named in error messages.</summary>
            public abstract string Name { get; }

            public static List<Tensor> apply_internal(params object?[] vars)
            {
                var call = new FunctionCall(vars, Instance.Name, Instance.forward_internal, Instance.backward_internal);
                return call.Apply();
            }

            internal abstract List<Tensor> forward_internal(AutogradContext ctx, object?[] vars);

            internal abstract List<Tensor> backward_internal(AutogradContext ctx, List<Tensor> grad_outputs);
        }

        /// <summary>A function with one result.</summary>
        public abstract class SingleTensorFunction<T> : Function<T>
            where T : SingleTensorFunction<T>, new()
        {
            public static Tensor apply(params object[] vars) => apply_internal(vars)[0];

            internal sealed override List<Tensor> forward_internal(AutogradContext ctx, object?[] vars) =>
                [forward(ctx, vars!)];

            internal sealed override List<Tensor> backward_internal(AutogradContext ctx, List<Tensor> grad_outputs) =>
                backward(ctx, grad_outputs[0]);

            public abstract Tensor forward(AutogradContext ctx, params object[] vars);

            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);
        }

        /// <summary>A function with several results.</summary>
        public abstract class MultiTensorFunction<T> : Function<T>
            where T : MultiTensorFunction<T>, new()
        {
            public static List<Tensor> apply(params object[] vars) => apply_internal(vars);

            internal sealed override List<Tensor> forward_internal(AutogradContext ctx, object?[] vars) => forward(ctx, vars!);

            internal sealed override List<Tensor> backward_internal(AutogradContext ctx, List<Tensor> grad_outputs) =>
                backward(ctx, grad_outputs);

            public abstract List<Tensor> forward(AutogradContext ctx, params object[] vars);

            public abstract List<Tensor> backward(AutogradContext ctx, List<Tensor> grad_outputs);
        }

        /// <summary>
        /// One application of a function. libtorch's node holds it by a GC handle, and lets go when the node dies.
        /// </summary>
        [SuppressMessage("Design", "CA1001", Justification = "the context lives as long as libtorch's node")]
        private sealed class FunctionCall
        {
            private readonly AutogradContext _context = new();
            private readonly string _name;
            private readonly bool[] _isTensor;
            private readonly Func<AutogradContext, object?[], List<Tensor>> _forward;
            private readonly Func<AutogradContext, List<Tensor>, List<Tensor>> _backward;
            private object?[] _arguments;
            private List<Tensor> _results = [];

            // Native memory of the last result handed over: four arrays of handles, freed at the next one.
            private nint _buffer;

            static FunctionCall() => NativeMethods.ct_function_init(new FunctionCallbacks
            {
                Forward = &OnForward,
                Backward = &OnBackward,
                Release = &OnRelease,
            });

            internal FunctionCall(object?[] arguments, string name, Func<AutogradContext, object?[], List<Tensor>> forward, Func<AutogradContext, List<Tensor>, List<Tensor>> backward)
            {
                _arguments = arguments;
                _name = name;
                _forward = forward;
                _backward = backward;
                _isTensor = Array.ConvertAll(arguments, a => a is Tensor { IsInvalid: false });
            }

            internal List<Tensor> Apply()
            {
                var inputs = Handles(_arguments.OfType<Tensor>().Where(t => !t.IsInvalid));
                var state = GCHandle.Alloc(this);
                HandleList list;
                int status;
                fixed (nint* i = inputs) status = NativeMethods.ct_function_apply(i, inputs.Length, GCHandle.ToIntPtr(state), &list);
                GC.KeepAlive(_arguments);
                _arguments = [];
                _results = [];
                _context.Dispose();
                NativeErrors.Check(status);
                return [.. Tensor.WrapList(list)];
            }

            [UnmanagedCallersOnly]
            private static int OnForward(nint state, FunctionResult* result)
            {
                try
                {
                    var call = (FunctionCall)GCHandle.FromIntPtr(state).Target!;
                    call._results = call._forward(call._context, call._arguments);
                    call.Hand(result, call._results);
                    return 0;
                }
                catch (Exception exception)
                {
                    NativeErrors.Remember(exception);
                    return -1;
                }
            }

            [UnmanagedCallersOnly]
            private static int OnBackward(nint state, nint context, nint* grads, long count, FunctionResult* result)
            {
                try
                {
                    var call = (FunctionCall)GCHandle.FromIntPtr(state).Target!;
                    call.Backward(context, grads, count, result);
                    return 0;
                }
                catch (Exception exception)
                {
                    NativeErrors.Remember(exception);
                    return -1;
                }
            }

            [UnmanagedCallersOnly]
            private static void OnRelease(nint state)
            {
                var handle = GCHandle.FromIntPtr(state);
                var call = (FunctionCall)handle.Target!;
                NativeMemory.Free((void*)call._buffer);
                call._buffer = 0;
                handle.Free();
            }

            private void Backward(nint context, nint* grads, long count, FunctionResult* result)
            {
                var inputs = new List<Tensor>((int)count);
                for (var i = 0L; i < count; i++)
                    inputs.Add(grads[i] == 0 ? null! : new Tensor(NativeMethods.ct_alias(grads[i])));
                List<Tensor> output;
                _context.Native = context;
                try
                {
                    output = _backward(_context, inputs);
                }
                finally
                {
                    _context.Native = 0;
                }
                var extra = output.Count > _isTensor.Length && output.Skip(_isTensor.Length).All(t => t is null || t.IsInvalid);
                if (output.Count != _isTensor.Length && !extra)
                    throw new NotImplementedException($"Function {_name} returned an incorrect number of gradients (expected {_isTensor.Length}), got {output.Count}");
                var gradients = new List<Tensor>();
                for (var i = 0; i < _isTensor.Length; i++)
                {
                    if (_isTensor[i]) gradients.Add(output[i]);
                    else if (output[i] is { IsInvalid: false })
                        throw new NotImplementedException($"Function {_name} returned a gradient different that is defined at position {i + 1}, but the corresponding forward input was not a Tensor");
                }
                _results = gradients;
                Hand(result, gradients);
            }

            private void Hand(FunctionResult* result, List<Tensor> outputs)
            {
                NativeMemory.Free((void*)_buffer);
                var total = outputs.Count + _context.Saved.Count + _context.Dirty.Count + _context.NonDifferentiable.Count;
                var next = (nint*)NativeMemory.Alloc((nuint)(total + 1), (nuint)sizeof(nint));
                _buffer = (nint)next;
                result->Outputs = Write(outputs, ref next, out result->OutputCount);
                result->Saved = Write(_context.Saved, ref next, out result->SavedCount);
                result->Dirty = Write(_context.Dirty, ref next, out result->DirtyCount);
                result->Constant = Write(_context.NonDifferentiable, ref next, out result->ConstantCount);
                result->Materialize = Tensor.Flag(_context.MaterializeGrads);
            }

            private static nint* Write(List<Tensor> tensors, ref nint* next, out long count)
            {
                var start = next;
                foreach (var tensor in tensors) *next++ = tensor is null || tensor.IsInvalid ? 0 : tensor.Handle;
                count = tensors.Count;
                return start;
            }
        }
    }
}
