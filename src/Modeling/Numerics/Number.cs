using System.Collections.Concurrent;
using TorchSharp;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>Numbers as arguments of libtorch's operations: one object for each value, which stays for ever.</summary>
/// <remarks>
/// TorchSharp makes an object of a number where an operation wants one, and its finalizer frees what libtorch reads. Nothing refers to the
/// object during the call: a garbage collection at that moment lets libtorch compute with whatever lies there next. So the conversion is
/// banned here, and so is every operation of TorchSharp that makes such an object itself (found in its code): write
/// <c>a.add(b, Number.Of(1))</c> for <c>a.add(b)</c>; build/BannedSymbols.Numbers.txt has all. Values must be few:
/// constants, sizes of models and batches.
/// </remarks>
public static class Number
{
    private static readonly ConcurrentDictionary<double, Scalar> s_floats = new();
    private static readonly ConcurrentDictionary<long, Scalar> s_integers = new();

    /// <summary>A floating-point number.</summary>
    public static Scalar Of(double value) => s_floats.GetOrAdd(value, static value => value.ToScalar());

    /// <summary>A whole number: an operation on integers stays one.</summary>
    public static Scalar Of(long value) => s_integers.GetOrAdd(value, static value => value.ToScalar());
}
