using TorchSharp;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Attention;

/// <summary>Tells a model where in the sequence a token stands, by adding to its embedding.</summary>
public abstract class PositionalEncoding(string name) : torch.nn.Module(name)
{
    /// <summary>D.</summary>
    public abstract long Width { get; }

    /// <summary>The encodings of some positions.</summary>
    /// <param name="start">The first position, from 0.</param>
    /// <param name="length">How many.</param>
    /// <param name="device">Where to.</param>
    /// <returns>[length, D].</returns>
    public abstract Tensor Positions(long start, long length, Device device);

    /// <summary>Scaled embeddings plus the encodings of their positions.</summary>
    /// <param name="embeddings_BTD">[B, T, D].</param>
    /// <param name="scale">What the embeddings are multiplied by.</param>
    /// <param name="start">The position of the first token.</param>
    /// <returns>[B, T, D].</returns>
    /// <exception cref="ArgumentException">The embeddings are of another width.</exception>
    public Tensor forward(Tensor embeddings_BTD, double scale = 1, long start = 0)
    {
        AttentionShapes.RequireBatch(embeddings_BTD, Width, nameof(embeddings_BTD));
        using var scope = NewDisposeScope();
        // One pass: encoding + scale · embedding.
        return Positions(start, embeddings_BTD.shape[1], embeddings_BTD.device)
            .add(embeddings_BTD, Number.Of(scale))
            .MoveToOuterDisposeScope();
    }

    /// <summary>The same, of packed sentences.</summary>
    /// <param name="embeddings_1ND">[1, N, D].</param>
    /// <param name="scale">What the embeddings are multiplied by.</param>
    /// <param name="rows">Where the sentences lie.</param>
    /// <returns>[1, N, D].</returns>
    internal Tensor Packed(Tensor embeddings_1ND, double scale, PackedRows rows)
    {
        using var scope = NewDisposeScope();
        // At least one: padding has a position too.
        return Positions(0, Math.Max(1, rows.Longest), embeddings_1ND.device)
            .index_select(0, tensor(rows.Positions()))
            .add(embeddings_1ND, Number.Of(scale))
            .MoveToOuterDisposeScope();
    }
}
