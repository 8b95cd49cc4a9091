using TrainingCluster.V1;

namespace TrainingCluster.Models;

/// <summary>How positions come into a Transformer.</summary>
public enum PositionKind
{
    /// <summary>Sines and cosines added to the embeddings.</summary>
    Sinusoidal,

    /// <summary>Learnt vectors added to the embeddings; sequences have a longest length.</summary>
    Learnt,

    /// <summary>Rotations of queries and keys in self-attention.</summary>
    Rotary,
}

/// <summary>The shape of a Transformer.</summary>
public sealed record TransformerOptions
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

    /// <summary>Longest sequence of learnt positions, in tokens; at least 1, default 1024.</summary>
    public int LearntPositions { get; init; } = 1024;

    /// <summary>The options that a job's specification names; fields left out take the defaults.</summary>
    /// <exception cref="ArgumentException">A field has a value that it cannot have.</exception>
    public static TransformerOptions From(ModelSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var options = new TransformerOptions();
        options = options with
        {
            Width = spec.HasDModel ? spec.DModel : options.Width,
            Heads = spec.HasHeads ? spec.Heads : options.Heads,
            Layers = spec.HasLayers ? spec.Layers : options.Layers,
            FeedForward = spec.HasFeedForward ? spec.FeedForward : options.FeedForward,
            Dropout = spec.HasDropout ? spec.Dropout : options.Dropout,
            AttentionDropout = spec.HasAttentionDropout ? spec.AttentionDropout : options.AttentionDropout,
            PreNorm = (spec.HasNorm ? spec.Norm : "pre") switch
            {
                "pre" => true,
                "post" => false,
                var other => throw new ArgumentException($"model.norm '{other}' is unknown: it is 'pre' or 'post'.", nameof(spec)),
            },
            SharedEmbeddings = !spec.HasSharedEmbeddings || spec.SharedEmbeddings,
            Positions = (spec.HasPositions ? spec.Positions : "sinusoidal") switch
            {
                "sinusoidal" => PositionKind.Sinusoidal,
                "learnt" => PositionKind.Learnt,
                "rotary" => PositionKind.Rotary,
                var other => throw new ArgumentException(
                    $"model.positions '{other}' is unknown: it is 'sinusoidal', 'learnt' or 'rotary'.",
                    nameof(spec)
                ),
            },
        };
        options.Validate();
        return options;
    }

    internal void Validate()
    {
        var problems = new List<string>();
        AtLeastOne(problems, "d_model", Width);
        AtLeastOne(problems, "heads", Heads);
        AtLeastOne(problems, "layers", Layers);
        AtLeastOne(problems, "feed_forward", FeedForward);
        AtLeastOne(problems, "learnt positions", LearntPositions);
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

    internal static void AtLeastOne(List<string> problems, string name, int value)
    {
        if (value < 1)
        {
            problems.Add($"model.{name} is {value} and must be at least 1");
        }
    }

    internal static void Share(List<string> problems, string name, double value)
    {
        if (!(value >= 0 && value < 1))
        {
            problems.Add($"model.{name} is {value} and must be in [0, 1)");
        }
    }
}
