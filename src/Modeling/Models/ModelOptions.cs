using System.Text.Json;
using System.Text.Json.Nodes;

namespace TrainingCluster.Modeling.Models;

/// <summary>The kind of a model and its shape.</summary>
public abstract record ModelOptions
{
    /// <summary>
    /// Reads what a job's specification says under <c>model</c>, as protobuf's JSON: kind, dModel, heads, layers, feedForward, dropout,
    /// attentionDropout, norm, positions, sharedEmbeddings, cell and score. What is left out takes its default; other names are ignored.
    /// </summary>
    /// <exception cref="ArgumentException">A field has a value that it cannot have; the message names it.</exception>
    public static ModelOptions FromJson(JsonObject model)
    {
        ArgumentNullException.ThrowIfNull(model);
        ModelOptions options = Value(model, "kind", "transformer") switch
        {
            "transformer" => TransformerOptions.Read(model),
            "recurrent-attention" => RecurrentAttentionOptions.Read(model),
            var other => throw new ArgumentException(
                $"model.kind '{other}' is unknown: it is 'transformer' or 'recurrent-attention'.",
                nameof(model)
            ),
        };
        options.Validate();
        return options;
    }

    /// <summary>Builds the model, its weights not initialised yet. See <see cref="ModelFactory"/>.</summary>
    internal abstract SequenceToSequenceModel Build(int vocabularySize);

    /// <summary>No model of this shape has fewer tensors or parameters: known before memory is taken for one.</summary>
    internal abstract (int Tensors, double Parameters) AtLeast(int vocabularySize);

    /// <summary>All that is wrong with the values, at once.</summary>
    /// <exception cref="ArgumentException">Something is.</exception>
    internal abstract void Validate();

    private protected static T Value<T>(JsonObject model, string name, T missing)
    {
        if (!model.TryGetPropertyValue(name, out var node) || node is null)
        {
            return missing;
        }
        try
        {
            return node.Deserialize<T>() ?? missing;
        }
        catch (Exception error) when (error is InvalidOperationException or JsonException)
        {
            throw new ArgumentException($"model.{name} is {node.ToJsonString()}, which is no {typeof(T).Name}.", nameof(model), error);
        }
    }

    private protected static void AtLeastOne(List<string> problems, string name, int value)
    {
        if (value < 1)
        {
            problems.Add($"model.{name} is {value} and must be at least 1");
        }
    }

    private protected static void Share(List<string> problems, string name, double value)
    {
        if (!(value >= 0 && value < 1))
        {
            problems.Add($"model.{name} is {value} and must be in [0, 1)");
        }
    }
}
