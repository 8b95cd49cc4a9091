using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// Dropout (Srivastava et al. 2014): each element is set to zero with probability p, the others are divided by what is left.
/// </summary>
/// <remarks>
/// libtorch draws its masks one number at a time and keeps them until the backward pass, which takes longer than the products
/// around them. Here a mask follows from one number that is drawn from libtorch's generator (<c>manual_seed</c> rules it), through
/// <see cref="Threefry"/>, and is made again in the backward pass. The same numbers come out whatever the processor's vectors are.
/// </remarks>
public static class CounterDropout
{
    // Two vectors of random words decide about them: each word has two halves of 16 bits.
    private const int BlockElements = TensorBlock.Elements;
    private const int Lanes = 16;
    private const int Levels = 1 << 16;

    /// <summary>x with elements dropped.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">p in [0, 1], in steps of 1/65,536.</param>
    /// <param name="training">False: x is returned as it is.</param>
    /// <exception cref="ArgumentOutOfRangeException">p is not in [0, 1].</exception>
    public static Tensor Apply(Tensor x, double probability, bool training)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (!(probability is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "The probability of dropout is in [0, 1].");
        }
        if (!training || probability == 0)
        {
            return x;
        }
        // Another device's memory cannot be reached from here.
        if (x.device_type != DeviceType.CPU || x.dtype != ScalarType.Float32 || probability == 1)
        {
            return torch.nn.functional.dropout(x, probability, training: true);
        }
        return Function.apply(x, Mask.Draw(probability));
    }

    /// <summary>Which elements stay, and what they are multiplied by.</summary>
    /// <param name="Key">Of the random numbers.</param>
    /// <param name="Dropped">p in 1/65,536.</param>
    internal sealed record Mask(ulong Key, int Dropped)
    {
        /// <summary>What the elements that stay are multiplied by.</summary>
        public float Scale { get; } = (float)(Levels / (double)(Levels - Dropped));

        /// <summary>Draws from libtorch's generator.</summary>
        public static Mask Draw(double probability)
        {
            using var drawn = randint(long.MaxValue, [1], dtype: ScalarType.Int64);
            return new((ulong)drawn.item<long>(), (int)Math.Round(probability * Levels));
        }

        /// <summary>Multiplies by the mask.</summary>
        public unsafe Tensor Times(Tensor x)
        {
            using var whole = x.contiguous();
            var result = empty_like(whole);
            var count = checked((int)whole.numel());
            fixed (
                byte* from = whole.bytes,
                    to = result.bytes
            )
            {
                Times((float*)from, (float*)to, count);
            }
            return result;
        }

        private unsafe void Times(float* from, float* to, int count)
        {
            var blocks = count / BlockElements;
            for (var block = 0; block < blocks; block++)
            {
                TimesBlock(from + (block * BlockElements), to + (block * BlockElements), block);
            }
            var rest = count - (blocks * BlockElements);
            if (rest == 0)
            {
                return;
            }
            var buffer = stackalloc float[BlockElements];
            new Span<float>(from + (blocks * BlockElements), rest).CopyTo(new Span<float>(buffer, BlockElements));
            TimesBlock(buffer, buffer, blocks);
            new Span<float>(buffer, rest).CopyTo(new Span<float>(to + (blocks * BlockElements), rest));
        }

        /// <summary>What elements are multiplied by, in whole blocks.</summary>
        /// <param name="to">Takes the factors in.</param>
        /// <param name="block">Of the first one.</param>
        /// <param name="count">At least so many.</param>
        public unsafe void Factors(float* to, int block, int count)
        {
            var ones = stackalloc float[BlockElements];
            new Span<float>(ones, BlockElements).Fill(1);
            for (var at = 0; at < count; at += BlockElements)
            {
                TimesBlock(ones, to + at, block++);
            }
        }

        /// <summary>Multiplies 64 elements.</summary>
        public unsafe void TimesBlock(float* from, float* to, int block)
        {
            var x0 = Vector512<uint>.Indices + Vector512.Create((uint)block * Lanes);
            var x1 = Vector512<uint>.Zero;
            Threefry.Block((uint)Key, (uint)(Key >> 32), ref x0, ref x1);
            TimesLanes(from, to, x0 >>> 16);
            TimesLanes(from + Lanes, to + Lanes, x0 & Vector512.Create(0xFFFFu));
            TimesLanes(from + (2 * Lanes), to + (2 * Lanes), x1 >>> 16);
            TimesLanes(from + (3 * Lanes), to + (3 * Lanes), x1 & Vector512.Create(0xFFFFu));
        }

        // An element that stays keeps its NaN or Inf; one that is dropped is zero, whatever it was.
        private unsafe void TimesLanes(float* from, float* to, Vector512<uint> drawn)
        {
            var stays = Vector512.GreaterThanOrEqual(drawn, Vector512.Create((uint)Dropped)).AsSingle();
            Vector512.BitwiseAnd(Vector512.Load(from) * Vector512.Create(Scale), stays).Store(to);
        }
    }

    private sealed class Function : torch.autograd.SingleTensorFunction<Function>
    {
        private const string MaskName = "mask";

        public override string Name => nameof(CounterDropout);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_data(MaskName, vars[1]);
            return ((Mask)vars[1]).Times((Tensor)vars[0]);
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output) =>
            [((Mask)ctx.get_data(MaskName)!).Times(grad_output), null!];
    }
}
