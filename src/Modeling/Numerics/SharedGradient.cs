using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>
/// The gradient of a table that one backward pass comes to several times, as embeddings that are the output's weights too. Legend:
/// <c>V</c> rows of the table, <c>D</c> width.
/// </summary>
/// <remarks>
/// libtorch makes a whole table of each part and adds them up, though most have a few rows alone. Here a part is added to the ones before
/// it, and their sum, which is rounded as that, to <c>grad</c> once. Parts come in the order of the backward pass, on its thread.
/// </remarks>
/// <param name="table">Gives the table: float32, in the CPU's memory. Asked anew each time: an embedding's answer lives no longer than the
/// scope that it is asked in.</param>
/// <param name="parts">How many parts there will be.</param>
internal sealed unsafe class SharedGradient(Func<Parameter> table, int parts)
{
    private Tensor? _sum_VD;
    private int _left = parts;

    /// <summary>A part that has all rows.</summary>
    /// <param name="part_VD">The first one is taken over, and others are added to it.</param>
    /// <returns>What the operation gives as its gradient of the table; null: nothing.</returns>
    public Tensor? Add(Tensor part_VD)
    {
        if (_sum_VD is null)
        {
            _sum_VD = part_VD.alias().DetachFromDisposeScope();
        }
        else
        {
            _sum_VD.add_(part_VD, Number.Of(1));
        }
        return Finish();
    }

    /// <summary>A part that has some rows.</summary>
    /// <param name="add">Adds it to the table [V, D] that it is given the first number of.</param>
    /// <returns>As above.</returns>
    public Tensor? Add(Adder add)
    {
        using (NewDisposeScope())
        {
            _sum_VD ??= zeros_like(table()).DetachFromDisposeScope();
        }
        fixed (byte* start = _sum_VD.bytes)
        {
            add((float*)start);
        }
        return Finish();
    }

    /// <summary>Adds to a table in memory.</summary>
    public delegate void Adder(float* table);

    private Tensor? Finish()
    {
        if (--_left > 0)
        {
            return null;
        }
        var sum_VD = _sum_VD!;
        using var scope = NewDisposeScope();
        var there = table().grad;
        if (there is null)
        {
            return sum_VD;
        }
        there.add_(sum_VD, Number.Of(1));
        sum_VD.Dispose();
        return null;
    }
}
