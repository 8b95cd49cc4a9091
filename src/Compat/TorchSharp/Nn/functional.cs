using TorchSharp.Native;

namespace TorchSharp;

/// <summary>How a border is filled.</summary>
public enum PaddingModes
{
    Zeros = 0,
    Reflect = 1,
    Replicate = 2,
    Circular = 3,
    Constant = 4,
}

public static unsafe partial class torch
{
    public static partial class nn
    {
        /// <summary>What becomes of the losses of a batch.</summary>
        public enum Reduction : long
        {
            None = 0,
            Mean = 1,
            Sum = 2,
        }

        /// <summary>Layers as functions of their inputs and weights.</summary>
        public static partial class functional
        {
            /// <summary>x Wᵀ + b; <paramref name="weights"/> is [outputs, inputs].</summary>
            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) =>
                Tensor.Wrap(NativeMethods.ct_linear(input.Handle, weights.Handle, bias?.Handle ?? 0), input, weights, bias);

            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
            {
                fixed (long* shape = normalized_shape)
                    return Tensor.Wrap(NativeMethods.ct_layer_norm(input.Handle, shape, normalized_shape.Length, weight?.Handle ?? 0, bias?.Handle ?? 0, eps), input, weight, bias);
            }

            /// <summary>While training, zeroes elements with probability p and scales the rest by 1 / (1 − p).</summary>
            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                Tensor.Wrap(NativeMethods.ct_dropout(input.Handle, p, Tensor.Flag(training), Tensor.Flag(inplace)), input);

            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_().alias() : x.relu();

            public static Tensor gelu(Tensor x) => Tensor.Wrap(NativeMethods.ct_gelu(x.Handle), x);

            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? x.tanh_().alias() : x.tanh();

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

            /// <summary>softmax(q kᵀ / √d + mask) v, with dropout of probability p on the weights.</summary>
            /// <param name="query">[..., T, K].</param>
            /// <param name="key">[..., S, K].</param>
            /// <param name="value">[..., S, V].</param>
            /// <param name="attn_mask">Broadcast to [..., T, S]: boolean, true takes part; or real, added to the scores.</param>
            /// <param name="p">Dropout; the caller passes 0 when not training.</param>
            /// <param name="is_casual">Query t sees keys 0..t only.</param>
            /// <remarks>A row in which nothing takes part is not defined by the package (NaN); here it is zero.</remarks>
            public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0.0, bool is_casual = false) =>
                Tensor.Wrap(NativeMethods.ct_attention(query.Handle, key.Handle, value.Handle, attn_mask?.Handle ?? 0, p, Tensor.Flag(is_casual)), query, key, value, attn_mask);

            /// <summary>−log softmax(input)[target], smoothed by spreading <paramref name="label_smoothing"/> over all classes.</summary>
            /// <param name="input">[N, C] (or [N, C, ...]) scores.</param>
            /// <param name="target">[N] (or [N, ...]) classes as Int64.</param>
            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0.0) =>
                Tensor.Wrap(NativeMethods.ct_cross_entropy(input.Handle, target.Handle, weight?.Handle ?? 0, (long)reduction, ignore_index, label_smoothing), input, target, weight);

            /// <summary>−input[target], where the input holds log-probabilities.</summary>
            public static Tensor nll_loss(Tensor input, Tensor target, Tensor? weight = null, Reduction reduction = Reduction.Mean) =>
                Tensor.Wrap(NativeMethods.ct_nll_loss(input.Handle, target.Handle, weight?.Handle ?? 0, (long)reduction, -100), input, target, weight);

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Tensor.Wrap(NativeMethods.ct_mse_loss(input.Handle, target.Handle, (long)reduction), input, target);

            public static Tensor one_hot(Tensor x, long num_classes = -1) =>
                Tensor.Wrap(NativeMethods.ct_one_hot(x.Handle, num_classes), x);

            /// <summary>Widens the last dimensions, two numbers each (before, after), the last dimension first.</summary>
            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
            {
                if (mode != PaddingModes.Constant)
                    throw new NotSupportedException($"padding mode {mode} is not supported: use {PaddingModes.Constant}");
                fixed (long* p = pad) return Tensor.Wrap(NativeMethods.ct_pad(input.Handle, p, pad.Length, value), input);
            }
        }
    }
}
