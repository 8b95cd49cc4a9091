using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>dropout(max(0, x)) in one pass over the memory, forward and backward, in float32 or bfloat16.</summary>
/// <remarks>
/// The elements that are dropped are those of <see cref="CounterDropout"/>, and so are the bits. The backward pass needs no mask: what was
/// negative and what was dropped are the zeros of the output, which the next product keeps anyway.
/// </remarks>
public static class RectifiedDropout
{
    /// <summary>max(0, x) with elements dropped.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">p in [0, 1], in steps of 1/65,536.</param>
    /// <param name="training">False: nothing is dropped.</param>
    /// <exception cref="ArgumentOutOfRangeException">p is not in [0, 1].</exception>
    public static Tensor Apply(Tensor x, double probability, bool training)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Apply((Product)x, probability, training);
    }

    /// <summary>The same of a product, whose bias is added in the same pass.</summary>
    internal static Tensor Apply(Product product, double probability, bool training)
    {
        var x = product.Value;
        var isHere = x.device_type == DeviceType.CPU && x.dtype is ScalarType.Float32 or ScalarType.BFloat16;
        if (!isHere || !training || probability is not (> 0 and < 1))
        {
            using var scope = NewDisposeScope();
            var rectified = torch.nn.functional.relu(product.Sum());
            return CounterDropout.Apply(rectified, probability, training).MoveToOuterDisposeScope();
        }
        return Function.apply(x, CounterDropout.Mask.Draw(probability), product.Bias!);
    }

    private sealed unsafe class Function : torch.autograd.SingleTensorFunction<Function>
    {
        private const string MaskName = "mask";

        public override string Name => nameof(RectifiedDropout);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var (mask, bias) = ((CounterDropout.Mask)vars[1], new BiasBlocks((PendingBias?)vars[2]));
            using var x = ((Tensor)vars[0]).contiguous();
            var result = empty_like(x);
            var buffer = stackalloc float[TensorBlock.Elements];
            var count = checked((int)x.numel());
            var isRounded = x.dtype == ScalarType.BFloat16;
            fixed (
                byte* from = x.bytes,
                    to = result.bytes
            )
            {
                for (var block = 0; block * TensorBlock.Elements < count; block++)
                {
                    var some = TensorBlock.Load(from, block, count, buffer, isRounded);
                    bias.AddTo(buffer, block);
                    for (var i = 0; i < TensorBlock.Elements; i += Vector512<float>.Count)
                    {
                        Vector512.Max(Vector512.Load(buffer + i), Vector512<float>.Zero).Store(buffer + i);
                    }
                    mask.TimesBlock(buffer, buffer, block);
                    TensorBlock.Store(buffer, to, block, some, isRounded);
                }
            }
            ctx.save_data(MaskName, mask);
            ctx.save_for_backward([result]);
            return result;
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
        {
            var scale = Vector512.Create(((CounterDropout.Mask)ctx.get_data(MaskName)!).Scale);
            using var output = ctx.get_saved_variables()[0];
            using var gradient = grad_output.contiguous();
            var result = empty_like(gradient);
            var kept = stackalloc float[TensorBlock.Elements];
            var buffer = stackalloc float[TensorBlock.Elements];
            var count = checked((int)gradient.numel());
            var isRounded = gradient.dtype == ScalarType.BFloat16;
            fixed (
                byte* outputs = output.bytes,
                    from = gradient.bytes,
                    to = result.bytes
            )
            {
                for (var block = 0; block * TensorBlock.Elements < count; block++)
                {
                    TensorBlock.Load(outputs, block, count, kept, isRounded);
                    var some = TensorBlock.Load(from, block, count, buffer, isRounded);
                    for (var i = 0; i < TensorBlock.Elements; i += Vector512<float>.Count)
                    {
                        // A NaN has the gradient that libtorch gives it.
                        var isZero = Vector512.LessThanOrEqual(Vector512.Load(kept + i), Vector512<float>.Zero);
                        Vector512.AndNot(Vector512.Load(buffer + i) * scale, isZero).Store(buffer + i);
                    }
                    TensorBlock.Store(buffer, to, block, some, isRounded);
                }
            }
            return [result, null!, null!];
        }
    }
}
