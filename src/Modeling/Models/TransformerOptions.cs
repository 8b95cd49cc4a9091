using System.Text.Json.Nodes;

namespace TrainingCluster.Modeling.Models;

/// <summary>How positions come into a Transformer.</summary>
public enum PositionKind
{
    /// <summary>Sines and cosines added to the embeddings.</summary>
    Sinusoidal,

    /// <summary>Learned vectors added to the embeddings; sequences have a longest length.</summary>
    Learned,

    /// <summary>Rotations of queries and keys in self-attention.</summary>
    Rotary,

    /// <summary>
    /// Not at all: a source is a bag of tokens, and of the target each token knows only which came before it. For comparison.
    /// </summary>
    None,
}

/// <summary>The shape of a Transformer.</summary>
public sealed record TransformerOptions : ModelOptions
{
    /// <summary>D, features; at least 1, default 256.</summary>
    public int Width { get; init; } = 256;

    /// <summary>H; divides D, default 4.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>N, blocks on each side; at least 1, default 3.</summary>
    public int Layers { get; init; } = 3;

    /// <summary>Features within the position-wise network; at least 1, default 1024.</summary>
    public int FeedForward { get; init; } = 1024;

    /// <summary>Dropout of embeddings, residuals and the position-wise network's inner features; 0…1 without 1, default 0.1.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Dropout of attention weights; 0…1 without 1, default 0.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Layer normalisation before each sublayer (true, default) or after each residual (false).</summary>
    public bool PreNorm { get; init; } = true;

    /// <summary>One matrix for source embedding, target embedding and output projection; default true.</summary>
    public bool SharedEmbeddings { get; init; } = true;

    /// <summary>Default sinusoidal.</summary>
    public PositionKind Positions { get; init; } = PositionKind.Sinusoidal;

    /// <summary>Longest sequence of learned positions, in tokens; at least 1, default 1024.</summary>
    public int LearnedPositions { get; init; } = 1024;

    internal static TransformerOptions Read(JsonObject model)
    {
        var options = new TransformerOptions();
        return options with
        {
            Width = Value(model, "dModel", options.Width),
            Heads = Value(model, "heads", options.Heads),
            Layers = Value(model, "layers", options.Layers),
            FeedForward = Value(model, "feedForward", options.FeedForward),
            Dropout = Value(model, "dropout", options.Dropout),
            AttentionDropout = Value(model, "attentionDropout", options.AttentionDropout),
            PreNorm = Value(model, "norm", "pre") switch
            {
                "pre" => true,
                "post" => false,
                var other => throw new ArgumentException($"model.norm '{other}' is unknown: it is 'pre' or 'post'.", nameof(model)),
            },
            SharedEmbeddings = Value(model, "sharedEmbeddings", options.SharedEmbeddings),
            Positions = Value(model, "positions", "sinusoidal") switch
            {
                "sinusoidal" => PositionKind.Sinusoidal,
                "learned" => PositionKind.Learned,
                "rotary" => PositionKind.Rotary,
                "none" => PositionKind.None,
                var other => throw new ArgumentException(
                    $"model.positions '{other}' is unknown: it is 'sinusoidal', 'learned', 'rotary' or 'none'.",
                    nameof(model)
                ),
            },
        };
    }

    internal override SequenceToSequenceModel Build(int vocabularySize) => new Transformer(this, vocabularySize);

    internal override (int Tensors, double Parameters) AtLeast(int vocabularySize) =>
        (Layers, ((double)vocabularySize * Width) + ((double)Layers * Width * (Width + FeedForward)));

    internal override void Validate()
    {
        var problems = new List<string>();
        AtLeastOne(problems, "d_model", Width);
        AtLeastOne(problems, "heads", Heads);
        AtLeastOne(problems, "layers", Layers);
        AtLeastOne(problems, "feed_forward", FeedForward);
        AtLeastOne(problems, "learned positions", LearnedPositions);
        if (Width > 0 && Heads > 0 && Width % Heads != 0)
        {
            problems.Add($"model.heads {Heads} does not divide model.d_model {Width}");
        }
        if (Positions == PositionKind.Rotary && Heads > 0 && Width / Heads % 2 != 0)
        {
            problems.Add($"model.positions 'rotary' takes an even width of each head, and {Width}/{Heads} is odd");
        }
        Share(problems, "dropout", Dropout);
        Share(problems, "attention_dropout", AttentionDropout);
        if (problems.Count > 0)
        {
            throw new ArgumentException($"This Transformer cannot be built: {string.Join("; ", problems)}.");
        }
    }
}
