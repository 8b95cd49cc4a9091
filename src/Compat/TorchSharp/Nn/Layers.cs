using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>x Wᵀ + b.</summary>
        public sealed class Linear : nn.Module<Tensor, Tensor>
        {
            internal Linear(long inputs, long outputs, bool hasBias, Device? device, ScalarType? dtype)
                : base(nameof(Linear))
            {
                var bound = inputs > 0 ? 1.0 / Math.Sqrt(inputs) : 0.0;
                weight = ParameterFactory.Uniform([outputs, inputs], bound, device, dtype);
                register_parameter(nameof(weight), weight);
                if (!hasBias) return;
                bias = ParameterFactory.Uniform([outputs], bound, device, dtype);
                register_parameter(nameof(bias), bias);
            }

            /// <summary>[outputs, inputs].</summary>
            public Parameter? weight { get; }

            /// <summary>[outputs], or null.</summary>
            public Parameter? bias { get; }

            public override Tensor forward(Tensor tensor) => nn.functional.linear(tensor, weight!, bias);
        }

        /// <summary>A table of vectors looked up by number.</summary>
        public sealed class Embedding : nn.Module<Tensor, Tensor>
        {
            private readonly long _padding;
            private readonly bool _byFrequency;
            private readonly bool _sparse;

            internal Embedding(Parameter table, long? padding, bool byFrequency, bool sparse)
                : base(nameof(Embedding))
            {
                weight = table;
                _padding = padding ?? -1;
                _byFrequency = byFrequency;
                _sparse = sparse;
                register_parameter(nameof(weight), table);
            }

            /// <summary>[entries, width].</summary>
            public Parameter? weight { get; }

            public override Tensor forward(Tensor input) =>
                Tensor.Wrap(Native.NativeMethods.ct_embedding(weight!.Handle, input.Handle, _padding, Tensor.Flag(_byFrequency), Tensor.Flag(_sparse)), weight, input);
        }

        /// <summary>Brings the last dimensions to mean 0 and variance 1, then scales and shifts them.</summary>
        public sealed class LayerNorm : nn.Module<Tensor, Tensor>
        {
            private readonly long[] _shape;
            private readonly double _eps;

            internal LayerNorm(long[] shape, double eps, bool affine, bool hasBias, Device? device, ScalarType? dtype)
                : base(nameof(LayerNorm))
            {
                _shape = shape;
                _eps = eps;
                if (!affine) return;
                weight = ParameterFactory.Own(() => ones(shape, dtype, device));
                register_parameter(nameof(weight), weight);
                if (!hasBias) return;
                bias = ParameterFactory.Own(() => zeros(shape, dtype, device));
                register_parameter(nameof(bias), bias);
            }

            public Parameter? weight { get; }

            public Parameter? bias { get; }

            public override Tensor forward(Tensor tensor) => nn.functional.layer_norm(tensor, _shape, weight, bias, _eps);
        }

        /// <summary>While training, zeroes elements with probability p and scales the rest by 1 / (1 − p).</summary>
        public sealed class Dropout : nn.Module<Tensor, Tensor>
        {
            private readonly double _p;
            private readonly bool _inplace;

            internal Dropout(double p, bool inplace)
                : base(nameof(Dropout))
            {
                _p = p;
                _inplace = inplace;
            }

            public override Tensor forward(Tensor tensor) => nn.functional.dropout(tensor, _p, training, _inplace);
        }

        /// <summary>Parameters that belong to their module, whatever dispose scope it was made in.</summary>
        internal static class ParameterFactory
        {
            internal static Parameter Own(Func<Tensor> make)
            {
                var parameter = new Parameter(make());
                parameter.DetachFromDisposeScope();
                return parameter;
            }

            internal static Parameter Uniform(long[] shape, double bound, Device? device, ScalarType? dtype) => Own(() =>
            {
                var values = empty(shape, dtype, device);
                return values.uniform_(-bound, bound);
            });
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, outputSize, hasBias, device, dtype);

            /// <summary>Entries drawn from the standard normal distribution; the padding entry is zero and takes no gradient.</summary>
            public static Modules.Embedding Embedding(long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0, bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                if (max_norm is not null) throw new NotSupportedException("embeddings renormalised at look-up (max_norm) are not supported");
                var table = Modules.ParameterFactory.Own(() =>
                {
                    var values = empty([num_embeddings, embedding_dims], dtype, device);
                    values.normal_();
                    if (padding_idx is { } pad) values.select(0, pad).zero_();
                    return values;
                });
                return new(table, padding_idx, scale_grad_by_freq, sparse);
            }

            public static Modules.Embedding Embedding_from_pretrained(Tensor embeddings, bool freeze = true, long? padding_idx = null, double? max_norm = null, double norm_type = 2.0, bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                if (max_norm is not null) throw new NotSupportedException("embeddings renormalised at look-up (max_norm) are not supported");
                var table = new Modules.Parameter(embeddings.to(dtype ?? embeddings.dtype, device ?? embeddings.device, copy: true).detach(), !freeze);
                table.DetachFromDisposeScope();
                return new(table, padding_idx, scale_grad_by_freq, sparse);
            }

            public static Modules.LayerNorm LayerNorm(long[] normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(normalized_shape, eps, elementwise_affine, bias, device, dtype);

            public static Modules.LayerNorm LayerNorm(long normalized_shape, double eps = 1e-05, bool elementwise_affine = true, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new([normalized_shape], eps, elementwise_affine, bias, device, dtype);

            public static Modules.Dropout Dropout(double p = 0.5, bool inplace = false) => new(p, inplace);
        }
    }
}
