using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Serving.Batching;

/// <summary>What a plan needs to know of a sentence that waits.</summary>
/// <param name="Model">Sentences of the same model can be computed together, …</param>
/// <param name="Search">… if they are searched for alike.</param>
/// <param name="Tokens">Of the source.</param>
/// <param name="Waited">How long.</param>
internal sealed record WaitingSentence(object Model, SearchOptions Search, int Tokens, TimeSpan Waited);
