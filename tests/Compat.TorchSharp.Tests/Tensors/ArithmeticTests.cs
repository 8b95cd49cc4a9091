using TorchSharp;
using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Tensors;

public class ArithmeticTests
{
    [Fact]
    public void Operators_TensorsAndNumbers_Compute()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 1, 2, 4 });
        var b = tensor(new float[] { 2, 2, 2 });
        Assert.Equal([3f, 4, 6], (a + b).Floats());
        Assert.Equal([-1f, 0, 2], (a - b).Floats());
        Assert.Equal([2f, 4, 8], (a * b).Floats());
        Assert.Equal([0.5f, 1, 2], (a / b).Floats());
        Assert.Equal([2f, 3, 5], (1 + a).Floats());
        Assert.Equal([0f, -1, -3], (1 - a).Floats());
        Assert.Equal([4f, 2, 1], (4.0 / a).Floats());
        Assert.Equal([3f, 6, 12], (3 * a).Floats());
        Assert.Equal([1f, 0, 0], (a % 2).Floats());
        Assert.Equal([-1f, -2, -4], (-a).Floats());
        Assert.Equal(ScalarType.Int64, (tensor(new long[] { 1 }) * 2).dtype);
        Assert.Equal(ScalarType.Float32, (tensor(new long[] { 1 }) * 2.0).dtype);
    }

    [Fact]
    public void Comparisons_TensorsAndNumbers_GiveBooleans()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 1, 2, 3 });
        Assert.Equal([false, true, false], (a == 2).Bools());
        Assert.Equal([true, false, true], (a != 2).Bools());
        Assert.Equal([true, false, false], (a < 2).Bools());
        Assert.Equal([true, true, false], (a <= 2).Bools());
        Assert.Equal([false, false, true], (a > 2).Bools());
        Assert.Equal([true, false, false], (2 > a).Bools());
        Assert.Equal([false, true, true], a.ge(2).Bools());
        Assert.Equal([true, true, false], (a == 2).logical_or(a == 1).Bools());
        Assert.Equal([false, true, true], (~(a == 1)).Bools());
        Assert.Equal([false, true, false], ((a > 1) & (a < 3)).Bools());
    }

    [Fact]
    public void InPlace_Operations_ChangeTheTensorItself()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 1, 4 });
        a.add_(1).mul_(2).sub_(2).div_(2);
        Assert.Equal([1f, 4], a.Floats());
        a.sqrt_();
        Assert.Equal([1f, 2], a.Floats());
        a.addcmul_(ones(2), full([2], 3f), 2);
        Assert.Equal([7f, 8], a.Floats());
        a.addcdiv_(ones(2), full([2], 2f), 4);
        Assert.Equal([9f, 10], a.Floats());
        a.add_(ones(2), -9);
        Assert.Equal([0f, 1], a.Floats());
        a.fill_(3);
        a.copy_(a + 1);
        Assert.Equal([4f, 4], a.Floats());
        a.masked_fill_(tensor(new[] { true, false }), -1);
        Assert.Equal([-1f, 4], a.Floats());
        a.zero_();
        Assert.Equal([0f, 0], a.Floats());
        a.clamp_min_(2);
        Assert.Equal([2f, 2], a.Floats());
        Assert.Same(a, a.add_(1));
        Assert.Same(a, a.copy_(ones(2)));
    }

    [Fact]
    public void Unary_Functions_AgreeWithMath()
    {
        using var scope = NewDisposeScope();
        float[] values = [0.3f, 0.7f, 1.2f];
        var x = tensor(values);
        void Same(Func<double, double> expected, Tensor actual) =>
            Numeric.Close(tensor(Array.ConvertAll(values, v => (float)expected(v))), actual, 1e-6);
        Same(Math.Exp, x.exp());
        Same(Math.Log, x.log());
        Same(Math.Sin, x.sin());
        Same(Math.Cos, cos(x));
        Same(Math.Tanh, tanh(x));
        Same(Math.Sqrt, x.sqrt());
        Same(v => 1 / Math.Sqrt(v), x.rsqrt());
        Same(v => 1 / (1 + Math.Exp(-v)), x.sigmoid());
        Same(v => v * v, x.square());
        Same(v => Math.Pow(v, 3), x.pow(3));
        Same(Math.Floor, x.floor());
        Same(v => Math.Max(v - 0.5, 0), (x - 0.5).relu());
        Same(v => Math.Abs(v - 1), (x - 1).abs());
    }

    [Fact]
    public void Products_Matrices_Multiply()
    {
        using var scope = NewDisposeScope();
        var a = arange(6, ScalarType.Float32).view(2, 3);
        var b = arange(12, ScalarType.Float32).view(3, 4);
        var expected = new float[] { 20, 23, 26, 29, 56, 68, 80, 92 };
        Assert.Equal(expected, a.mm(b).Floats());
        Assert.Equal(expected, matmul(a, b).Floats());
        Assert.Equal(expected, einsum("ij,jk->ik", a, b).Floats());
        Assert.Equal(expected, a.unsqueeze(0).bmm(b.unsqueeze(0)).Floats());
        Assert.Equal(5f, tensor(new float[] { 1, 2 }).dot(tensor(new float[] { 1, 2 })).item<float>());
        Assert.Equal(expected.Select(v => v + 1), ones(2, 4).addmm(a, b).Floats());
    }

    [Fact]
    public void Rounding_Division_GoesWhereItSays()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new long[] { 7, -7 });
        Assert.Equal([3L, -4], a.div(2, RoundingMode.floor).Longs());
        Assert.Equal([3L, -3], a.div(2, RoundingMode.trunc).Longs());
    }

    [Fact]
    public void Clamp_Bounds_MayBeAbsent()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { -1, 0.5f, 3 });
        Assert.Equal([0f, 0.5f, 1], a.clamp(0, 1).Floats());
        Assert.Equal([0f, 0.5f, 3], a.clamp(min: (Scalar)0).Floats());
        Assert.Equal([-1f, 0.5f, 1], a.clamp_max(1).Floats());
    }

    [Fact]
    public void Closeness_AndFiniteness_AreTested()
    {
        using var scope = NewDisposeScope();
        var a = tensor(new float[] { 1, float.NaN, float.PositiveInfinity });
        Assert.Equal([true, false, false], a.isfinite().Bools());
        Assert.Equal([false, true, false], a.isnan().Bools());
        Assert.True(ones(2).allclose(ones(2) + 1e-7));
        Assert.False(ones(2).allclose(ones(2) + 1e-3));
        Assert.True(ones(2).Equals(ones(2)));
        Assert.False(ones(2).Equals(zeros(2)));
    }
}
