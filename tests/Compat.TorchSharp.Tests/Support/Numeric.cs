using TorchSharp;
using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests;

/// <summary>Closeness of tensors, and gradients by finite differences.</summary>
internal static class Numeric
{
    /// <summary>Our implementation, as against the real package on the other stack.</summary>
    internal static bool IsOurs { get; } = typeof(torch).Assembly.GetName().Name == "Compat.TorchSharp";

    internal static float[] Floats(this Tensor tensor) => tensor.detach().cpu().to(ScalarType.Float32).data<float>().ToArray();

    internal static long[] Longs(this Tensor tensor) => tensor.cpu().to(ScalarType.Int64).data<long>().ToArray();

    internal static bool[] Bools(this Tensor tensor) => tensor.cpu().data<bool>().ToArray();

    internal static void Close(Tensor expected, Tensor actual, double tolerance = 1e-5)
    {
        Assert.Equal(expected.shape, actual.shape);
        var e = expected.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
        var a = actual.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
        var scale = e.Length == 0 ? 1.0 : Math.Max(0.1, e.Max(Math.Abs));
        for (var i = 0; i < e.Length; i++)
        {
            if (!(Math.Abs(e[i] - a[i]) <= tolerance * Math.Max(scale, Math.Abs(e[i]))))
                Assert.Fail($"element {i}: expected {e[i]:g9}, got {a[i]:g9} (tolerance {tolerance:g2} of {scale:g3})");
        }
    }

    /// <summary>Output and gradients of two formulations of the same function, under a random weighting of the output.</summary>
    internal static void SameFunction(Func<Tensor[], Tensor> expected, Func<Tensor[], Tensor> actual, Tensor[] inputs, double tolerance = 1e-5)
    {
        var e = expected(inputs);
        var a = actual(inputs);
        Close(e, a, tolerance);
        var weights = randn(e.shape);
        var eg = autograd.grad([e], inputs, [weights], allow_unused: true);
        var ag = autograd.grad([a], inputs, [weights], allow_unused: true);
        for (var i = 0; i < inputs.Length; i++)
        {
            Assert.Equal(eg[i] is null, ag[i] is null);
            if (eg[i] is not null) Close(eg[i], ag[i], tolerance);
        }
    }

    /// <summary>The gradient of a scalar function of one tensor by central differences, in float32.</summary>
    internal static Tensor Difference(Func<Tensor, Tensor> function, Tensor at, float step = 1e-2f)
    {
        using var frozen = no_grad();
        var values = at.Floats();
        var result = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            double Probe(float offset)
            {
                var moved = (float[])values.Clone();
                moved[i] += offset;
                return function(tensor(moved).reshape(at.shape)).to(ScalarType.Float64).item<double>();
            }
            result[i] = (float)((Probe(step) - Probe(-step)) / (2 * step));
        }
        return tensor(result).reshape(at.shape);
    }
}
