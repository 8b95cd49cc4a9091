using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>x + dropout(y) in one pass over the memory: the residual connection around a sublayer.</summary>
/// <remarks>The elements that are dropped are those of <see cref="CounterDropout"/>, and so are the bits.</remarks>
public static class ResidualDropout
{
    /// <summary>x + y, with elements of y dropped.</summary>
    /// <param name="x">Any shape, float32.</param>
    /// <param name="y">The same shape, in float32 or in the precision of the product that it comes from.</param>
    /// <param name="probability">p in [0, 1], in steps of 1/65,536.</param>
    /// <param name="training">False: nothing is dropped.</param>
    /// <exception cref="ArgumentOutOfRangeException">p is not in [0, 1].</exception>
    public static Tensor Apply(Tensor x, Tensor y, double probability, bool training)
    {
        ArgumentNullException.ThrowIfNull(y);
        return Apply(x, (Product)y, probability, training);
    }

    /// <summary>The same of a product, whose bias is added in the same pass.</summary>
    internal static Tensor Apply(Tensor x, Product product, double probability, bool training)
    {
        ArgumentNullException.ThrowIfNull(x);
        var y = product.Value;
        var isHere = x.device_type == DeviceType.CPU && y.dtype is ScalarType.Float32 or ScalarType.BFloat16;
        if (!isHere || !training || probability is not (> 0 and < 1))
        {
            using var scope = NewDisposeScope();
            return x.add(CounterDropout.Apply(product.Sum(), probability, training), Number.Of(1)).MoveToOuterDisposeScope();
        }
        return Function.apply(x, y, CounterDropout.Mask.Draw(probability), product.Bias!);
    }

    private sealed unsafe class Function : torch.autograd.SingleTensorFunction<Function>
    {
        private const string MaskName = "mask";
        private const string IsRoundedName = "rounded";

        public override string Name => nameof(ResidualDropout);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var (mask, bias) = ((CounterDropout.Mask)vars[2], new BiasBlocks((PendingBias?)vars[3]));
            using var x = ((Tensor)vars[0]).contiguous();
            using var y = ((Tensor)vars[1]).contiguous();
            var result = empty_like(x);
            var buffer = stackalloc float[TensorBlock.Elements];
            var sum = stackalloc float[TensorBlock.Elements];
            var count = checked((int)x.numel());
            var isRounded = y.dtype == ScalarType.BFloat16;
            fixed (
                byte* own = x.bytes,
                    from = y.bytes,
                    to = result.bytes
            )
            {
                for (var block = 0; block * TensorBlock.Elements < count; block++)
                {
                    TensorBlock.Load(own, block, count, sum, isRounded: false);
                    var some = TensorBlock.Load(from, block, count, buffer, isRounded);
                    bias.AddTo(buffer, block);
                    mask.TimesBlock(buffer, buffer, block);
                    ScoreRow.Add(buffer, sum, TensorBlock.Elements);
                    TensorBlock.Store(sum, to, block, some, isRounded: false);
                }
            }
            ctx.save_data(MaskName, mask);
            ctx.save_data(IsRoundedName, isRounded);
            return result;
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
        {
            var mask = (CounterDropout.Mask)ctx.get_data(MaskName)!;
            var isRounded = (bool)ctx.get_data(IsRoundedName)!;
            using var gradient = grad_output.contiguous();
            var result = empty(gradient.shape, isRounded ? ScalarType.BFloat16 : ScalarType.Float32);
            var buffer = stackalloc float[TensorBlock.Elements];
            var count = checked((int)gradient.numel());
            fixed (
                byte* from = gradient.bytes,
                    to = result.bytes
            )
            {
                for (var block = 0; block * TensorBlock.Elements < count; block++)
                {
                    var some = TensorBlock.Load(from, block, count, buffer, isRounded: false);
                    mask.TimesBlock(buffer, buffer, block);
                    TensorBlock.Store(buffer, to, block, some, isRounded);
                }
            }
            return [grad_output, result, null!, null!];
        }
    }
}
