using TorchSharp.Native;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>One step of gated recurrent units.</summary>
        public sealed class GRUCell : nn.Module<Tensor, Tensor, Tensor>
        {
            internal GRUCell(long input, long hidden, bool bias, Device? device, ScalarType? dtype)
                : base(nameof(GRUCell))
            {
                var bound = 1.0 / Math.Sqrt(hidden);
                weight_ih = ParameterFactory.Uniform([3 * hidden, input], bound, device, dtype);
                weight_hh = ParameterFactory.Uniform([3 * hidden, hidden], bound, device, dtype);
                register_parameter(nameof(weight_ih), weight_ih);
                register_parameter(nameof(weight_hh), weight_hh);
                if (!bias) return;
                bias_ih = ParameterFactory.Uniform([3 * hidden], bound, device, dtype);
                bias_hh = ParameterFactory.Uniform([3 * hidden], bound, device, dtype);
                register_parameter(nameof(bias_ih), bias_ih);
                register_parameter(nameof(bias_hh), bias_hh);
            }

            public Parameter? weight_ih { get; }

            public Parameter? weight_hh { get; }

            public Parameter? bias_ih { get; }

            public Parameter? bias_hh { get; }

            /// <param name="input">[B, inputs].</param>
            /// <param name="h0">[B, hidden]; null for zeros.</param>
            public override Tensor forward(Tensor input, Tensor h0 = null!)
            {
                using var start = h0 is null ? zeros([input.size(0), weight_hh!.size(1)], input.dtype, input.device) : h0.alias();
                return Tensor.Wrap(NativeMethods.ct_gru_cell(input.Handle, start.Handle, weight_ih!.Handle, weight_hh!.Handle, bias_ih?.Handle ?? 0, bias_hh?.Handle ?? 0), input, start, this);
            }
        }

        /// <summary>One step of long short-term memory.</summary>
        public sealed unsafe class LSTMCell : nn.Module<Tensor, (Tensor, Tensor)?, (Tensor, Tensor)>
        {
            internal LSTMCell(long input, long hidden, bool bias, Device? device, ScalarType? dtype)
                : base(nameof(LSTMCell))
            {
                var bound = 1.0 / Math.Sqrt(hidden);
                weight_ih = ParameterFactory.Uniform([4 * hidden, input], bound, device, dtype);
                weight_hh = ParameterFactory.Uniform([4 * hidden, hidden], bound, device, dtype);
                register_parameter(nameof(weight_ih), weight_ih);
                register_parameter(nameof(weight_hh), weight_hh);
                if (!bias) return;
                bias_ih = ParameterFactory.Uniform([4 * hidden], bound, device, dtype);
                bias_hh = ParameterFactory.Uniform([4 * hidden], bound, device, dtype);
                register_parameter(nameof(bias_ih), bias_ih);
                register_parameter(nameof(bias_hh), bias_hh);
            }

            public Parameter? weight_ih { get; }

            public Parameter? weight_hh { get; }

            public Parameter? bias_ih { get; }

            public Parameter? bias_hh { get; }

            public new (Tensor, Tensor) call(Tensor input, (Tensor, Tensor)? h0_c0 = null) => forward(input, h0_c0);

            /// <returns>The hidden state and the cell.</returns>
            public override (Tensor, Tensor) forward(Tensor input, (Tensor, Tensor)? h0_c0)
            {
                using var h0 = h0_c0?.Item1.alias() ?? Zeros(input);
                using var c0 = h0_c0?.Item2.alias() ?? Zeros(input);
                nint cell = 0;
                var hidden = Tensor.Wrap(NativeMethods.ct_lstm_cell(input.Handle, h0.Handle, c0.Handle, weight_ih!.Handle, weight_hh!.Handle, bias_ih?.Handle ?? 0, bias_hh?.Handle ?? 0, &cell), input, this);
                return (hidden, new Tensor(cell));
            }

            private Tensor Zeros(Tensor input) => zeros([input.size(0), weight_hh!.size(1)], input.dtype, input.device);
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.GRUCell GRUCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, hiddenSize, bias, device, dtype);

            public static Modules.LSTMCell LSTMCell(long inputSize, long hiddenSize, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, hiddenSize, bias, device, dtype);
        }
    }
}
