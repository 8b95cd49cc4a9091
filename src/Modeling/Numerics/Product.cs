using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Numerics;

/// <summary>A layer's product whose bias may still have to be added: whoever takes the product reads it anyway, and adds b then.</summary>
/// <param name="Value">x Wᵀ where b is pending, else x Wᵀ + b.</param>
/// <param name="Bias">What is pending; null: nothing. Its gradient is the sum of the value's rows, which the product itself finds.</param>
internal readonly record struct Product(Tensor Value, PendingBias? Bias)
{
    public static implicit operator Product(Tensor value) => new(value, null);

    /// <summary>With the bias.</summary>
    public Tensor Sum()
    {
        if (Bias is null)
        {
            return Value;
        }
        using var scope = NewDisposeScope();
        return Value.add(Bias.Rows.Of(Bias.Parameter).detach().to(Value.dtype), Number.Of(1)).MoveToOuterDisposeScope();
    }

    public Product MoveToOuterDisposeScope() => this with { Value = Value.MoveToOuterDisposeScope() };
}

/// <summary>A bias that is to be added to every row of a product.</summary>
/// <param name="Parameter">float32, in the CPU's memory; lives as long as its module.</param>
/// <param name="Rows">Which of its numbers; as many as fill whole blocks (<see cref="TensorBlock"/>).</param>
internal sealed unsafe record PendingBias(Parameter Parameter, WeightRows Rows)
{
    /// <summary>The first number.</summary>
    public float* Start
    {
        get
        {
            fixed (byte* start = Parameter.bytes)
            {
                return (float*)start + Rows.First;
            }
        }
    }
}

/// <summary>A pending bias, or none, for a product that is read block by block.</summary>
internal readonly unsafe struct BiasBlocks(PendingBias? bias)
{
    private readonly float* _start = bias is null ? null : bias.Start;
    private readonly long _count = bias?.Rows.Count ?? TensorBlock.Elements;

    /// <summary>Adds what belongs to a block of the product's elements.</summary>
    public void AddTo(float* buffer, int block)
    {
        if (_start is not null)
        {
            ScoreRow.Add(_start + ((long)block * TensorBlock.Elements % _count), buffer, TensorBlock.Elements);
        }
    }
}
