namespace TrainingCluster.Modeling.Models;

/// <summary>Builds a model from its options.</summary>
public static class ModelFactory
{
    /// <summary>
    /// Builds and initialises a model on the CPU, in training mode. The weights are a function of the arguments alone:
    /// the same bytes on every machine, whatever libtorch it has.
    /// </summary>
    /// <param name="options">Kind and shape.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="seed">The job's seed.</param>
    /// <exception cref="ArgumentException">An option has a value that it cannot have; the message names it.</exception>
    public static SequenceToSequenceModel Create(ModelOptions options, int vocabularySize, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var model = options.Build(vocabularySize);
        Initialisation.Fill(model, seed);
        return model;
    }
}
