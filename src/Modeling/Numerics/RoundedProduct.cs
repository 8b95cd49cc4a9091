using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// x Wᵀ + b in bfloat16 as one operation, forward and backward, of some rows of W. Legend: <c>N</c> rows, <c>I</c> inputs, <c>O</c>
/// outputs.
/// </summary>
/// <remarks>
/// The bits are those of single operations (<see cref="RoundedMatrices"/>) with conversions between them, but for b's gradient, which is
/// added up in float32 and not rounded on the way. On top of the products these take a pass over all weights to widen W's gradient, and
/// another to add it to the sum over micro-batches. Here both are one, which writes into <c>grad</c> where W is a parameter that has it.
/// </remarks>
internal static class RoundedProduct
{
    /// <summary>Whether this is for such tensors: in the CPU's memory, with gradients wanted.</summary>
    public static bool Fits(Tensor x, Tensor weight) =>
        is_grad_enabled() && x.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32 && x.numel() > 0;

    /// <summary>x Wᵀ + b.</summary>
    /// <param name="x">[…, I], float32 or bfloat16.</param>
    /// <param name="weight">W is some rows of this, [all, I] float32.</param>
    /// <param name="bias">b is the same rows of this, [all] float32; null: none.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="rounded">W in bfloat16: [O, I].</param>
    /// <param name="mayPend">Whether whoever takes the product can add b.</param>
    /// <returns>
    /// […, O] bfloat16. b is pending where it may, and is a parameter that fills whole blocks: its gradient is found here all the same.
    /// </returns>
    public static Product Apply(Tensor x, Tensor weight, Tensor? bias, WeightRows rows, Tensor rounded, bool mayPend)
    {
        var pends = mayPend && rows.Count % TensorBlock.Elements == 0;
        var pending = pends && bias is Parameter parameter ? new PendingBias(parameter, rows) : null;
        return new(Function.apply(x, weight, bias!, rows, rounded, pending is not null), pending);
    }

    private sealed class Function : torch.autograd.SingleTensorFunction<Function>
    {
        private const string InputsName = "inputs";

        public override string Name => nameof(RoundedProduct);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var (x, weight, bias) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2]);
            var (rows, rounded_OI, isPending) = ((WeightRows)vars[3], (Tensor)vars[4], (bool)vars[5]);
            var rounded = x.to(ScalarType.BFloat16);
            ctx.save_for_backward([rounded, rounded_OI]);
            ctx.save_data(InputsName, new Inputs(Kept.Of(weight), bias is null ? null : Kept.Of(bias), rows, x.dtype));
            using var ofRows = bias is null || isPending ? null : rows.Of(bias).to(ScalarType.BFloat16);
            return RoundedMatrices.Linear(rounded, rounded_OI, ofRows);
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
        {
            var saved = ctx.get_saved_variables();
            var inputs = (Inputs)ctx.get_data(InputsName)!;
            using var scope = NewDisposeScope();
            var (x, weight_OI) = (saved[0], saved[1]);
            var gradient_NO = grad_output.contiguous().view(-1, weight_OI.shape[0]);
            var ofX = RoundedMatrices.Multiply(gradient_NO, weight_OI).view(x.shape).to(inputs.Type);
            var ofWeight_OI = RoundedMatrices.Multiply(gradient_NO.t(), x.reshape(-1, weight_OI.shape[1]));
            Tensor?[] results =
            [
                ofX,
                inputs.Add(inputs.Weight, ofWeight_OI, BFloat16Sums.Add),
                inputs.Bias is { } bias ? inputs.Add(bias, gradient_NO, BFloat16Sums.AddRows) : null,
            ];
            // Nothing for the rounded weights, and for the inputs that are no tensors.
            return [.. results.Select(result => result?.MoveToOuterDisposeScope()!), null!, null!, null!];
        }
    }

    /// <summary>What the backward pass adds to.</summary>
    private sealed record Inputs(Kept Weight, Kept? Bias, WeightRows Rows, ScalarType Type)
    {
        /// <summary>Adds to an input's gradient.</summary>
        /// <returns>Null where it has one to add to; else the gradient.</returns>
        public Tensor? Add(Kept input, Tensor summand, Action<Tensor, Tensor> add)
        {
            using var there = input.Parameter?.grad;
            if (there is not null)
            {
                add(summand, Rows.Of(there));
                return null;
            }
            var gradient = zeros(input.Shape);
            add(summand, Rows.Of(gradient));
            return gradient;
        }
    }

    /// <summary>An input that gets a gradient.</summary>
    /// <param name="Parameter">Which lives as long as its module. Null for any other tensor: it may be gone in the backward pass.</param>
    /// <param name="Shape">Of the gradient.</param>
    private sealed record Kept(Parameter? Parameter, long[] Shape)
    {
        public static Kept Of(Tensor input) => new(input as Parameter, input.shape);
    }
}

/// <summary>Some rows of a matrix of weights.</summary>
/// <param name="First">The first one.</param>
/// <param name="Count">How many.</param>
internal sealed record WeightRows(long First, long Count)
{
    /// <summary>These of a tensor.</summary>
    public Tensor Of(Tensor all) => all.narrow(0, First, Count);
}
