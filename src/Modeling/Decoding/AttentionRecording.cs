namespace TrainingCluster.Modeling.Decoding;

/// <summary>A sentence, its translation and the attention of every layer and head while the model wrote it.</summary>
/// <param name="Source">As given.</param>
/// <param name="Translation">As found.</param>
/// <param name="SourceTokens">As the encoder read them, cut to the search's limit; the last is <c>&lt;eos&gt;</c>.</param>
/// <param name="Steps">One for each token written. <c>&lt;eos&gt;</c> is the last, unless the length limit ended the search.</param>
/// <param name="Maps">Encoder's, decoder's and cross attention, by layer and head.</param>
public sealed record AttentionRecording(
    string Source,
    string Translation,
    IReadOnlyList<string> SourceTokens,
    IReadOnlyList<DecodingStep> Steps,
    IReadOnlyList<AttentionMap> Maps
);

/// <summary>One step of a prediction: the decoder reads a token and writes the next.</summary>
/// <param name="Read">The token of the step before; <c>&lt;bos&gt;</c> at the first step.</param>
/// <param name="Written">The token that the search chose.</param>
/// <param name="Likeliest">The tokens that the model held likeliest, best first.</param>
public sealed record DecodingStep(string Read, string Written, IReadOnlyList<TokenProbability> Likeliest);

/// <summary>A token that could come next.</summary>
/// <param name="Token">Its name.</param>
/// <param name="Probability">0 to 1, after the softmax over the vocabulary.</param>
public sealed record TokenProbability(string Token, float Probability);
