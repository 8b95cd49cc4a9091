using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>Products of bfloat16 matrices: added up in float32, rounded to bfloat16 at the end.</summary>
/// <remarks>
/// On processors oneDNN has kernels for them from AVX-512 on. Below, libtorch adds them up number by number, which takes fifteen times as
/// long as a product in float32. There the matrices are widened, which is exact, and multiplied in float32. The order of the sums is
/// another, as between any two kernels; a worker's fingerprint covers it.
/// </remarks>
public static class RoundedMatrices
{
    /// <summary>Whether oneDNN's kernels for bfloat16 run here.</summary>
    public static bool HasKernels => Avx512BW.VL.IsSupported && Avx512DQ.VL.IsSupported;

    /// <summary>A B.</summary>
    /// <param name="a">[…, n, k]. Other types than bfloat16 are multiplied as they are.</param>
    /// <param name="b">[…, k, m], of the same type.</param>
    /// <returns>[…, n, m], of the same type.</returns>
    public static Tensor Multiply(Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        if (!IsWidened(a))
        {
            return a.matmul(b);
        }
        using var scope = NewDisposeScope();
        return Wide(a).matmul(Wide(b)).to(ScalarType.BFloat16).MoveToOuterDisposeScope();
    }

    /// <summary>x Wᵀ + b.</summary>
    /// <param name="x">[…, inputs]. Other types than bfloat16 are multiplied as they are.</param>
    /// <param name="weight">[outputs, inputs], of the same type.</param>
    /// <param name="bias">[outputs], of the same type; null: none.</param>
    /// <returns>[…, outputs], of the same type.</returns>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(weight);
        if (!IsWidened(x))
        {
            return nn.functional.linear(x, weight, bias);
        }
        using var scope = NewDisposeScope();
        return nn
            .functional.linear(Wide(x), Wide(weight), bias is null ? null : Wide(bias))
            .to(ScalarType.BFloat16)
            .MoveToOuterDisposeScope();
    }

    private static bool IsWidened(Tensor x) => !HasKernels && x.dtype == ScalarType.BFloat16 && x.device_type == DeviceType.CPU;

    private static Tensor Wide(Tensor x) => x.to(ScalarType.Float32);
}
