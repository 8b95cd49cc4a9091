using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// Mixed precision (Micikevicius et al. 2018), as <c>torch.autocast</c> has it: while a scope is open on a thread, the models'
/// matrix products are computed from inputs and weights rounded to bfloat16, forward and backward. Sums within a product,
/// everything else (softmax, normalisation, residuals, loss), the weights themselves and their gradients stay float32.
/// </summary>
/// <remarks>
/// bfloat16 has float32's range, so no loss scaling is needed. The rounding is as deterministic as any other operation.
/// </remarks>
public static class Autocast
{
    [ThreadStatic]
    private static Scope? s_scope;

    /// <summary>
    /// Opens a scope on this thread, for as long as the answer is not disposed. Parameters must not change meanwhile: each is rounded once.
    /// </summary>
    /// <param name="precision"><c>float32</c>: products are left as they are; <c>bfloat16</c>.</param>
    public static IDisposable Enable(string precision)
    {
        ScalarType? type = precision switch
        {
            "float32" => null,
            "bfloat16" => ScalarType.BFloat16,
            _ => throw new ArgumentException(
                $"training.precision '{precision}' is unknown: it is 'float32' or 'bfloat16'.",
                nameof(precision)
            ),
        };
        return s_scope = new Scope(type, s_scope);
    }

    /// <summary>Whether products on this thread are computed in another precision than float32.</summary>
    internal static bool IsOn => s_scope?.Type is not null;

    /// <summary>x as products on this thread take it; x itself where they are left as they are.</summary>
    internal static Tensor Rounded(Tensor x) => s_scope?.Type is { } type ? x.to(type) : x;

    /// <summary>x Wᵀ + b in the scope's precision; float32 in, float32 out.</summary>
    /// <param name="x">[…, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <returns>[…, outputs].</returns>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        if (!IsOn)
        {
            return nn.functional.linear(x, weight, bias);
        }
        using var scope = NewDisposeScope();
        return Product(x, weight, bias, mayPend: false).Value.to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>The same, as the product leaves it: bfloat16 where the scope has that.</summary>
    /// <param name="x">[…, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <param name="rows">Which rows of weight and bias; null: all.</param>
    /// <param name="mayPend">Whether whoever takes the product can add the bias.</param>
    internal static Product Product(Tensor x, Tensor weight, Tensor? bias, WeightRows? rows = null, bool mayPend = true)
    {
        using var scope = NewDisposeScope();
        if (s_scope is { Type: not null } open && RoundedProduct.Fits(x, weight))
        {
            var some = rows ?? new(0, weight.shape[0]);
            return RoundedProduct.Apply(x, weight, bias, some, open.Rounded(weight, some), mayPend).MoveToOuterDisposeScope();
        }
        var w = rows?.Of(weight) ?? weight;
        var b = bias is null ? null : rows?.Of(bias) ?? bias;
        return RoundedMatrices.Linear(Rounded(x), Rounded(w), b is null ? null : Rounded(b)).MoveToOuterDisposeScope();
    }

    /// <summary>The layer's product in the scope's precision.</summary>
    public static Tensor Apply(this Linear layer, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return Linear(x, layer.weight!, layer.bias);
    }

    private sealed class Scope(ScalarType? type, Scope? outer) : IDisposable
    {
        private readonly Dictionary<(nint, WeightRows), Tensor> _rounded = [];

        public ScalarType? Type => type;

        /// <summary>Rows of a weight matrix in the scope's precision; a recurrent layer asks for the same at every token.</summary>
        public Tensor Rounded(Tensor weight, WeightRows rows)
        {
            if (weight is not Parameter parameter)
            {
                return rows.Of(weight).detach().to(type!.Value);
            }
            if (!_rounded.TryGetValue((parameter.Handle, rows), out var rounded))
            {
                using var some = rows.Of(parameter);
                _rounded[(parameter.Handle, rows)] = rounded = some.detach().to(type!.Value).DetachFromDisposeScope();
            }
            return rounded;
        }

        public void Dispose()
        {
            foreach (var rounded in _rounded.Values)
            {
                rounded.Dispose();
            }
            s_scope = outer;
        }
    }
}
