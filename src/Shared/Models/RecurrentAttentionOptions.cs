using TrainingCluster.V1;

namespace TrainingCluster.Models;

/// <summary>The shape of a recurrent encoder-decoder with attention.</summary>
public sealed record RecurrentAttentionOptions
{
    /// <summary>D, features of embeddings and hidden states; at least 1, default 256.</summary>
    public int Width { get; init; } = 256;

    /// <summary>Recurrent layers on each side; at least 1, default 3.</summary>
    public int Layers { get; init; } = 3;

    /// <summary>LSTM cells (true) or GRU cells (false, default).</summary>
    public bool Lstm { get; init; }

    /// <summary>Additive score (true, default) or scaled dot product (false).</summary>
    public bool AdditiveScore { get; init; } = true;

    /// <summary>Dropout of embeddings, between layers and of the top layer's states; 0…1 without 1, default 0.1.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Dropout of attention weights; 0…1 without 1, default 0.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>One matrix for source embedding, target embedding and output projection; default true.</summary>
    public bool SharedEmbeddings { get; init; } = true;

    /// <summary>The options that a job's specification names; fields left out take the defaults.</summary>
    /// <exception cref="ArgumentException">A field has a value that it cannot have.</exception>
    public static RecurrentAttentionOptions From(ModelSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var options = new RecurrentAttentionOptions();
        options = options with
        {
            Width = spec.HasDModel ? spec.DModel : options.Width,
            Layers = spec.HasLayers ? spec.Layers : options.Layers,
            Dropout = spec.HasDropout ? spec.Dropout : options.Dropout,
            AttentionDropout = spec.HasAttentionDropout ? spec.AttentionDropout : options.AttentionDropout,
            SharedEmbeddings = !spec.HasSharedEmbeddings || spec.SharedEmbeddings,
            Lstm = (spec.HasCell ? spec.Cell : "gru") switch
            {
                "gru" => false,
                "lstm" => true,
                var other => throw new ArgumentException($"model.cell '{other}' is unknown: it is 'gru' or 'lstm'.", nameof(spec)),
            },
            AdditiveScore = (spec.HasScore ? spec.Score : "additive") switch
            {
                "additive" => true,
                "dot" => false,
                var other => throw new ArgumentException($"model.score '{other}' is unknown: it is 'additive' or 'dot'.", nameof(spec)),
            },
        };
        options.Validate();
        return options;
    }

    internal void Validate()
    {
        var problems = new List<string>();
        TransformerOptions.AtLeastOne(problems, "d_model", Width);
        TransformerOptions.AtLeastOne(problems, "layers", Layers);
        TransformerOptions.Share(problems, "dropout", Dropout);
        TransformerOptions.Share(problems, "attention_dropout", AttentionDropout);
        if (problems.Count > 0)
        {
            throw new ArgumentException($"This recurrent model cannot be built: {string.Join("; ", problems)}.");
        }
    }
}
