namespace TrainingCluster.Serving.Models;

/// <summary>Where models come from.</summary>
internal interface IModelSource
{
    /// <summary>For messages: "the folder x", "the coordinator at y".</summary>
    string Name { get; }

    /// <summary>Whether its models were named one by one: they are loaded before anybody calls them.</summary>
    bool IsNamed { get; }

    /// <summary>The models that it has now.</summary>
    /// <exception cref="ModelSourceException">It does not answer.</exception>
    Task<IReadOnlyList<ModelOffer>> LookAsync(CancellationToken cancellationToken);

    /// <summary>Brings a model onto this machine.</summary>
    /// <returns>Its folder.</returns>
    /// <exception cref="ModelSourceException">It does not answer.</exception>
    Task<string> FetchAsync(ModelOffer offer, CancellationToken cancellationToken);

    /// <summary>A model is not offered any more: what was fetched of it may go.</summary>
    void Forget(string id);
}

/// <summary>A source of models does not answer; later it may.</summary>
/// <param name="message">What it is, and how it failed.</param>
/// <param name="inner">The failure.</param>
internal sealed class ModelSourceException(string message, Exception? inner = null) : Exception(message, inner);
