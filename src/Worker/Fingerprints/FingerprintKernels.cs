using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace TrainingCluster.Worker.Fingerprints;

/// <summary>
/// The kernels of a fingerprint, forward and backward. Shapes are odd where a library handles remainders apart, and large enough that
/// its blocking by register width and cache shows; all of them together take some milliseconds.
/// </summary>
internal static class FingerprintKernels
{
    private const ulong Seed = 0x41524954484D4554;

    /// <summary>Each gives its results, which are its caller's to dispose of.</summary>
    public static IReadOnlyList<Func<Device, Tensor[]>> All { get; } =
    [Products, Linear, BrainFloatLinear, Attention, Normalisation, Loss, Embedding, Elementwise, Sums, Randomness];

    private static Tensor[] Products(Device device) =>
        [
            Input(device, 1, 67, 129).matmul(Input(device, 2, 129, 95)),
            Input(device, 3, 96, 512).matmul(Input(device, 4, 512, 192)),
            Input(device, 5, 5, 1031).matmul(Input(device, 6, 48, 1031).t()),
            Input(device, 7, 6, 33, 64).matmul(Input(device, 8, 6, 64, 47)),
            // Of few rows, and beside an aligned address, where MKL is strict about bits only if it is told to be.
            Input(device, 9, 1 + 3 * 513)
                .narrow(0, 1, 3 * 513)
                .reshape(3, 513)
                .matmul(Input(device, 10, 3 + 513 * 65).narrow(0, 3, 513 * 65).reshape(513, 65)),
        ];

    private static Tensor[] Linear(Device device) =>
        WithGradients(
            inputs => Autocast.Linear(inputs[0], inputs[1], inputs[2]),
            Input(device, 1, 93, 384),
            Input(device, 2, 250, 384),
            Input(device, 3, 250)
        );

    private static Tensor[] BrainFloatLinear(Device device)
    {
        using var precision = Autocast.Enable("bfloat16");
        return WithGradients(
            inputs => Autocast.Linear(inputs[0], inputs[1], inputs[2]),
            Input(device, 1, 93, 384),
            Input(device, 2, 250, 384),
            Input(device, 3, 250)
        );
    }

    private static Tensor[] Attention(Device device)
    {
        Tensor[] inputs = [Input(device, 1, 2, 4, 37, 48), Input(device, 2, 2, 4, 41, 48), Input(device, 3, 2, 4, 41, 48)];
        var causal = WithGradients(q => F.scaled_dot_product_attention(q[0], q[0], q[0], is_casual: true), inputs[0]);
        var allowed = Input(device, 4, 2, 1, 37, 41).gt(Number.Of(-0.8));
        return [.. causal, .. WithGradients(qkv => F.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], allowed), inputs)];
    }

    private static Tensor[] Normalisation(Device device) =>
        [
            .. WithGradients(
                inputs => F.layer_norm(inputs[0], [513], inputs[1], inputs[2]),
                Input(device, 1, 33, 513),
                Input(device, 2, 513),
                Input(device, 3, 513)
            ),
            .. WithGradients(inputs => inputs[0].softmax(-1), Input(device, 4, 29, 331)),
        ];

    private static Tensor[] Loss(Device device)
    {
        var labels = tensor(Enumerable.Range(0, 41).Select(row => row * 211L % 997).ToArray(), device: device);
        return WithGradients(
            inputs => F.cross_entropy(inputs[0].mul(Number.Of(8)), labels, reduction: nn.Reduction.Sum, label_smoothing: 0.1),
            Input(device, 1, 41, 997)
        );
    }

    private static Tensor[] Embedding(Device device)
    {
        var tokens = tensor(Enumerable.Range(0, 203).Select(place => place * 17L % 61).ToArray(), device: device);
        return WithGradients(inputs => inputs[0].index_select(0, tokens), Input(device, 1, 61, 96));
    }

    private static Tensor[] Elementwise(Device device)
    {
        var x = Input(device, 1, 4099).mul(Number.Of(6));
        return
        [
            .. WithGradients(inputs => F.gelu(inputs[0]), x),
            x.exp(),
            x.tanh(),
            x.sigmoid(),
            x.erf(),
            x.abs().log(),
            x.abs().sqrt(),
            x.abs().rsqrt(),
            x.sin(),
            x.cos(),
            x.reciprocal(),
            x.addcmul(x, x, Number.Of(0.3)),
        ];
    }

    private static Tensor[] Sums(Device device)
    {
        var x = Input(device, 1, 131, 257);
        return [x.sum(), x.sum([0]), x.sum([1]), x.mean(), x.var(), x.norm(), x.cumsum(1)];
    }

    /// <summary>libtorch's random numbers, from a generator of our own: the process' generator goes on as if nothing had been.</summary>
    private static Tensor[] Randomness(Device device)
    {
        using var generator = new Generator(Seed, device);
        return [rand(2053, device: device, generator: generator), bernoulli(full(2053, Number.Of(0.9f), device: device), generator)];
    }

    /// <summary>The result, and the gradient of each input where the result's own gradient is not the same everywhere.</summary>
    private static Tensor[] WithGradients(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        Tensor[] leaves = [.. inputs.Select(input => input.detach().requires_grad_())];
        var result = function(leaves);
        (result * result).sum().backward();
        return [result, .. leaves.Select(leaf => leaf.grad!)];
    }

    /// <summary>Numbers in [−1, 1) that follow from the shape and a key.</summary>
    private static Tensor Input(Device device, ulong key, params long[] shape)
    {
        var count = 1L;
        foreach (var size in shape)
        {
            count *= size;
        }
        var random = new DeterministicRandom(Seed, key, (ulong)count);
        var values = new float[count];
        foreach (ref var value in values.AsSpan())
        {
            value = (int)(random.NextUInt64() >> 40) * (1f / (1 << 23)) - 1;
        }
        // A copy: an array of .NET's begins where it happens to be, libtorch's own memory at a multiple of 64 bytes. Kernels may
        // treat the numbers before such a multiple apart.
        using var unaligned = tensor(values, shape);
        return unaligned.clone().to(device);
    }
}
