using TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>The weights of recurrent layers: named, ordered and drawn as torch.nn.GRU and LSTM have them.</summary>
        internal sealed class RecurrentWeights
        {
            private readonly List<Parameter> _all = [];

            internal RecurrentWeights(nn.Module owner, long gates, long input, long hidden, long layers, bool bias, bool bidirectional, Device? device, ScalarType? dtype)
            {
                var bound = 1.0 / Math.Sqrt(hidden);
                var directions = bidirectional ? 2 : 1;
                Hidden = hidden;
                States = layers * directions;
                for (var layer = 0; layer < layers; layer++)
                {
                    foreach (var suffix in bidirectional ? new[] { "", "_reverse" } : [""])
                    {
                        var width = layer == 0 ? input : hidden * directions;
                        Add(owner, $"weight_ih_l{layer}{suffix}", [gates * hidden, width], bound, device, dtype);
                        Add(owner, $"weight_hh_l{layer}{suffix}", [gates * hidden, hidden], bound, device, dtype);
                        if (!bias) continue;
                        Add(owner, $"bias_ih_l{layer}{suffix}", [gates * hidden], bound, device, dtype);
                        Add(owner, $"bias_hh_l{layer}{suffix}", [gates * hidden], bound, device, dtype);
                    }
                }
            }

            internal long Hidden { get; }

            internal long States { get; }

            internal nint[] Handles() => torch.Handles(_all);

            /// <summary>[layers · directions, B, hidden] of zeros.</summary>
            internal Tensor Zeros(Tensor input, bool batchFirst)
            {
                var shape = input.shape;
                long[] size = shape.Length == 2 ? [States, Hidden] : [States, batchFirst ? shape[0] : shape[1], Hidden];
                return zeros(size, input.dtype, input.device);
            }

            private void Add(nn.Module owner, string name, long[] shape, double bound, Device? device, ScalarType? dtype)
            {
                var parameter = ParameterFactory.Uniform(shape, bound, device, dtype);
                owner.register_parameter(name, parameter);
                _all.Add(parameter);
            }
        }

        /// <summary>Gated recurrent units over a sequence (Cho et al. 2014).</summary>
        public sealed unsafe class GRU : nn.Module<Tensor, Tensor, (Tensor, Tensor)>
        {
            private readonly RecurrentWeights _weights;
            private readonly long _layers;
            private readonly bool _bias;
            private readonly bool _batchFirst;
            private readonly bool _bidirectional;
            private readonly double _dropout;

            internal GRU(long input, long hidden, long layers, bool bias, bool batchFirst, double dropout, bool bidirectional, Device? device, ScalarType? dtype)
                : base(nameof(GRU))
            {
                _weights = new RecurrentWeights(this, 3, input, hidden, layers, bias, bidirectional, device, dtype);
                (_layers, _bias, _batchFirst, _bidirectional, _dropout) = (layers, bias, batchFirst, bidirectional, dropout);
            }

            public new (Tensor, Tensor) call(Tensor input, Tensor? h0 = null) => forward(input, h0!);

            /// <param name="input">[T, B, inputs], or [B, T, inputs] where batchFirst.</param>
            /// <param name="h0">[layers · directions, B, hidden]; null for zeros.</param>
            /// <returns>All states of the top layer, and the last state of every layer.</returns>
            public override (Tensor, Tensor) forward(Tensor input, Tensor h0 = null!)
            {
                using var start = h0 is null ? _weights.Zeros(input, _batchFirst) : h0.alias();
                nint hn = 0;
                var handles = _weights.Handles();
                fixed (nint* w = handles)
                {
                    var output = Tensor.Wrap(NativeMethods.ct_gru(input.Handle, start.Handle, w, handles.Length, Tensor.Flag(_bias), _layers, _dropout, Tensor.Flag(training), Tensor.Flag(_bidirectional), Tensor.Flag(_batchFirst), &hn), input, _weights);
                    return (output, new Tensor(hn));
                }
            }
        }

        /// <summary>Long short-term memory over a sequence (Hochreiter and Schmidhuber 1997).</summary>
        public sealed unsafe class LSTM : nn.Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor, Tensor)>
        {
            private readonly RecurrentWeights _weights;
            private readonly long _layers;
            private readonly bool _bias;
            private readonly bool _batchFirst;
            private readonly bool _bidirectional;
            private readonly double _dropout;

            internal LSTM(long input, long hidden, long layers, bool bias, bool batchFirst, double dropout, bool bidirectional, Device? device, ScalarType? dtype)
                : base(nameof(LSTM))
            {
                _weights = new RecurrentWeights(this, 4, input, hidden, layers, bias, bidirectional, device, dtype);
                (_layers, _bias, _batchFirst, _bidirectional, _dropout) = (layers, bias, batchFirst, bidirectional, dropout);
            }

            public new (Tensor, Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => forward(input, h0_c0);

            /// <returns>All states of the top layer, then the last hidden state and cell of every layer.</returns>
            public override (Tensor, Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0 = null)
            {
                using var h0 = h0_c0?.Item1.alias() ?? _weights.Zeros(input, _batchFirst);
                using var c0 = h0_c0?.Item2.alias() ?? _weights.Zeros(input, _batchFirst);
                nint hn = 0, cn = 0;
                var handles = _weights.Handles();
                fixed (nint* w = handles)
                {
                    var output = Tensor.Wrap(NativeMethods.ct_lstm(input.Handle, h0.Handle, c0.Handle, w, handles.Length, Tensor.Flag(_bias), _layers, _dropout, Tensor.Flag(training), Tensor.Flag(_bidirectional), Tensor.Flag(_batchFirst), &hn, &cn), input, _weights);
                    return (output, new Tensor(hn), new Tensor(cn));
                }
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.GRU GRU(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0.0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, device, dtype);

            public static Modules.LSTM LSTM(long inputSize, long hiddenSize, long numLayers = 1, bool bias = true, bool batchFirst = false, double dropout = 0.0, bool bidirectional = false, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, device, dtype);
        }
    }
}
