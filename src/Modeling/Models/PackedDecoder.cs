using TorchSharp.Modules;
using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Native;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Models;

/// <summary>
/// A Transformer's decoder, ready for many steps of few rows: its matrices are packed once. The weights must not change while it is
/// used.
/// </summary>
internal sealed class PackedDecoder : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    private PackedDecoder(Transformer model) => Model = model;

    public Transformer Model { get; }

    public IReadOnlyList<PackedBlock> Blocks { get; private set; } = [];

    public LayerNorm Norm => Model.Decoder.LastNorm;

    /// <summary>From states to scores: [V, D].</summary>
    public PackedMatrix Output { get; private set; } = null!;

    /// <summary>Whether nobody wants to see the attention of each step, which only the model's own steps show.</summary>
    public bool CanStep => Model.Decoder.Blocks.All(block => block.SelfAttention.Recorder is null && block.CrossAttention.Recorder is null);

    /// <summary>Packs the decoder.</summary>
    /// <returns>Null: steps would have other bits than the model's.</returns>
    public static PackedDecoder? TryCreate(Transformer model)
    {
        using var scope = NewDisposeScope();
        var packed = new PackedDecoder(model);
        if (packed.TryPack())
        {
            return packed;
        }
        packed.Dispose();
        return null;
    }

    public void Dispose()
    {
        foreach (var one in _owned)
        {
            one.Dispose();
        }
        _owned.Clear();
    }

    private bool TryPack()
    {
        var blocks = new List<PackedBlock>();
        foreach (var block in Model.Decoder.Blocks)
        {
            var (self, cross) = (block.SelfAttention.Uniform, block.CrossAttention.Uniform);
            if (self is null || cross is null)
            {
                return false;
            }
            var width = cross.InWeight.shape[1];
            if (
                Pack(self.InWeight, self.InBias) is not { } inputs
                || Pack(self.OutWeight, self.OutBias) is not { } selfOutput
                || Pack(cross.InWeight.narrow(0, 0, width), cross.InBias.narrow(0, 0, width)) is not { } query
                || Pack(cross.OutWeight, cross.OutBias) is not { } crossOutput
                || Pack(block.Linear1.weight!, block.Linear1.bias!) is not { } inner
                || Pack(block.Linear2.weight!, block.Linear2.bias!) is not { } outer
            )
            {
                return false;
            }
            blocks.Add(new(inputs, selfOutput, query, crossOutput, inner, outer, block.Norms, block.SelfAttention.Rotary));
        }
        if (PackedMatrix.TryCreate(Model.OutputWeight) is not { } output)
        {
            return false;
        }
        _owned.Add(output);
        (Blocks, Output) = (blocks, output);
        return true;
    }

    private PackedLinear? Pack(Tensor weight, Tensor bias)
    {
        using var scope = NewDisposeScope();
        if (PackedMatrix.TryCreate(weight) is not { } matrix)
        {
            return null;
        }
        _owned.Add(matrix);
        return new PackedLinear(matrix, bias.detach().contiguous().data<float>().ToArray());
    }
}

/// <summary>x Wᵀ + b.</summary>
/// <param name="Weight">W.</param>
/// <param name="Bias">b.</param>
internal sealed record PackedLinear(PackedMatrix Weight, float[] Bias)
{
    public unsafe void Apply(float* x, int rows, float* y)
    {
        // As libtorch does: the bias first, and the product added to it.
        for (var row = 0; row < rows; row++)
        {
            Bias.CopyTo(new Span<float>(y + ((long)row * Bias.Length), Bias.Length));
        }
        Weight.Multiply(x, rows, y, add: true);
    }
}

/// <summary>A decoder block's products, its three normalisations, and what rotates the queries and keys of its self-attention.</summary>
internal sealed record PackedBlock(
    PackedLinear SelfInputs,
    PackedLinear SelfOutput,
    PackedLinear CrossQuery,
    PackedLinear CrossOutput,
    PackedLinear Inner,
    PackedLinear Outer,
    IReadOnlyList<LayerNorm> Norms,
    RotaryEncoding? Rotary
);
