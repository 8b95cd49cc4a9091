using TrainingCluster.V1;

namespace TrainingCluster.Models;

/// <summary>Builds a model as a job's specification names it.</summary>
public static class ModelFactory
{
    /// <summary>
    /// Builds and initialises a model on the CPU, in training mode. The weights are a function of the arguments alone:
    /// the same bytes on every machine, whatever libtorch it has.
    /// </summary>
    /// <param name="spec">Fields left out take the defaults that <c>spec.proto</c> names.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="seed">The job's seed.</param>
    /// <exception cref="ArgumentException">A field has a value that it cannot have; the message names it.</exception>
    public static SequenceToSequenceModel Create(ModelSpec spec, int vocabularySize, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var kind = spec.HasKind ? spec.Kind : "transformer";
        SequenceToSequenceModel model = kind switch
        {
            "transformer" => new Transformer(TransformerOptions.From(spec), vocabularySize),
            "recurrent-attention" => new RecurrentAttention(RecurrentAttentionOptions.From(spec), vocabularySize),
            _ => throw new ArgumentException(
                $"model.kind '{kind}' is unknown: it is 'transformer' or 'recurrent-attention'.",
                nameof(spec)
            ),
        };
        Initialisation.Fill(model, seed);
        return model;
    }
}
