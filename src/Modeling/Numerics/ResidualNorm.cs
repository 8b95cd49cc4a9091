using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// Layer normalisation (Ba et al. 2016) at the beginning of a residual branch, as one operation: x goes on beside its norm, and where both
/// come together again in the backward pass, their gradients are added in the same pass over the memory. Legend: <c>N</c> rows, <c>D</c>
/// width.
/// </summary>
/// <remarks>
/// The norm comes in the precision of the product that takes it. The same numbers come out whatever the processor's vectors are.
/// </remarks>
internal static class ResidualNorm
{
    /// <summary>x itself, and norm(x) = (x − μ) / √(σ² + ε) · γ + β.</summary>
    /// <param name="x">[…, D].</param>
    /// <param name="norm">γ, β and ε, of the last dimension.</param>
    /// <returns>x to go on with in place of x; and the norm, rounded where <see cref="Autocast"/> rounds.</returns>
    public static (Tensor Residual, Tensor Norm) Apply(Tensor x, LayerNorm norm)
    {
        if (!Fits(x, norm))
        {
            return (x, norm.call(x));
        }
        var results = Function.apply(x, norm.weight!, norm.bias!, norm.eps, true);
        return (results[0], results[1]);
    }

    /// <summary>norm(x), where x goes nowhere else.</summary>
    /// <param name="x">As above.</param>
    /// <param name="norm">As above.</param>
    public static Tensor Last(Tensor x, LayerNorm norm) =>
        Fits(x, norm) ? Function.apply(x, norm.weight!, norm.bias!, norm.eps, false)[0] : norm.call(x);

    private static bool Fits(Tensor x, LayerNorm norm) =>
        x is { device_type: DeviceType.CPU, dtype: ScalarType.Float32 }
        && x.numel() > 0
        && is_grad_enabled()
        && norm is { weight: not null, bias: not null };

    private sealed class Function : torch.autograd.MultiTensorFunction<Function>
    {
        public override string Name => nameof(ResidualNorm);

        public override List<Tensor> forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2]);
            var rows = new NormRows(x.contiguous(), weight);
            var result = empty(x.shape, Autocast.IsOn ? ScalarType.BFloat16 : ScalarType.Float32);
            var moments_N2 = rows.Normalise(bias, (double)vars[3], result);
            ctx.save_for_backward([rows.X, weight, moments_N2]);
            return (bool)vars[4] ? [x, result] : [result];
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, List<Tensor> grad_outputs)
        {
            var saved = ctx.get_saved_variables();
            using var ofResidual = grad_outputs.Count > 1 ? grad_outputs[0].contiguous() : null;
            using var ofNorm = grad_outputs[^1].contiguous();
            return [.. new NormRows(saved[0], saved[1]).Differentiate(saved[2], ofResidual, ofNorm), null!, null!];
        }
    }
}
