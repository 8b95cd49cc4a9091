using TorchSharp.Native;

namespace TorchSharp;

/// <summary>A single number as an operand. It remembers whether it was real, integer or boolean.</summary>
public sealed class Scalar : IDisposable
{
    internal static readonly Scalar One = 1L;

    internal readonly NativeScalar Native;

    private Scalar(double value, torch.ScalarType type)
    {
        Native = new NativeScalar(0, BitConverter.DoubleToInt64Bits(value));
        Type = type;
    }

    private Scalar(long value, torch.ScalarType type)
    {
        Native = new NativeScalar(type == torch.ScalarType.Bool ? 2 : 1, value);
        Type = type;
    }

    /// <summary>The type libtorch gives a number of this kind.</summary>
    public torch.ScalarType Type { get; }

    internal double AsDouble => Native.Kind == 0 ? BitConverter.Int64BitsToDouble(Native.Bits) : Native.Bits;

    internal long AsLong => Native.Kind == 0 ? (long)AsDouble : Native.Bits;

    public static implicit operator Scalar(byte value) => new(value, torch.ScalarType.Int64);

    public static implicit operator Scalar(sbyte value) => new(value, torch.ScalarType.Int64);

    public static implicit operator Scalar(short value) => new(value, torch.ScalarType.Int64);

    public static implicit operator Scalar(int value) => new(value, torch.ScalarType.Int64);

    public static implicit operator Scalar(long value) => new(value, torch.ScalarType.Int64);

    public static implicit operator Scalar(float value) => new(value, torch.ScalarType.Float64);

    public static implicit operator Scalar(double value) => new(value, torch.ScalarType.Float64);

    public static implicit operator Scalar(bool value) => new(value ? 1L : 0L, torch.ScalarType.Bool);

    /// <summary>Nothing to give up: the number lives in managed memory.</summary>
    public void Dispose()
    {
    }
}

/// <summary>Conversions from and to <see cref="Scalar"/>.</summary>
public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this int value) => value;

    public static Scalar ToScalar(this long value) => value;

    public static Scalar ToScalar(this float value) => value;

    public static Scalar ToScalar(this double value) => value;

    public static Scalar ToScalar(this bool value) => value;

    public static float ToSingle(this Scalar value) => (float)value.AsDouble;

    public static double ToDouble(this Scalar value) => value.AsDouble;

    public static int ToInt32(this Scalar value) => (int)value.AsLong;

    public static long ToInt64(this Scalar value) => value.AsLong;

    public static bool ToBoolean(this Scalar value) => value.AsDouble != 0;
}
