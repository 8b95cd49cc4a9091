using System.Text.Json.Nodes;

namespace TrainingCluster.Modeling.Models;

/// <summary>The shape of a recurrent encoder-decoder with attention.</summary>
public sealed record RecurrentAttentionOptions : ModelOptions
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

    internal static RecurrentAttentionOptions Read(JsonObject model)
    {
        var options = new RecurrentAttentionOptions();
        return options with
        {
            Width = Value(model, "dModel", options.Width),
            Layers = Value(model, "layers", options.Layers),
            Dropout = Value(model, "dropout", options.Dropout),
            AttentionDropout = Value(model, "attentionDropout", options.AttentionDropout),
            SharedEmbeddings = Value(model, "sharedEmbeddings", options.SharedEmbeddings),
            Lstm = Value(model, "cell", "gru") switch
            {
                "gru" => false,
                "lstm" => true,
                var other => throw new ArgumentException($"model.cell '{other}' is unknown: it is 'gru' or 'lstm'.", nameof(model)),
            },
            AdditiveScore = Value(model, "score", "additive") switch
            {
                "additive" => true,
                "dot" => false,
                var other => throw new ArgumentException($"model.score '{other}' is unknown: it is 'additive' or 'dot'.", nameof(model)),
            },
        };
    }

    internal override SequenceToSequenceModel Build(int vocabularySize) => new RecurrentAttention(this, vocabularySize);

    internal override (int Tensors, double Parameters) AtLeast(int vocabularySize) =>
        (Layers, ((double)vocabularySize * Width) + ((double)Layers * Width * Width));

    internal override void Validate()
    {
        var problems = new List<string>();
        AtLeastOne(problems, "d_model", Width);
        AtLeastOne(problems, "layers", Layers);
        Share(problems, "dropout", Dropout);
        Share(problems, "attention_dropout", AttentionDropout);
        if (problems.Count > 0)
        {
            throw new ArgumentException($"This recurrent model cannot be built: {string.Join("; ", problems)}.");
        }
    }
}
