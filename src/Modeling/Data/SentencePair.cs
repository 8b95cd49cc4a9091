namespace TrainingCluster.Modeling.Data;

/// <summary>A sentence and its translation.</summary>
/// <param name="Line">Where it stands in its file, from 1.</param>
/// <param name="Source">The sentence to translate, without surrounding white space.</param>
/// <param name="Target">Its translation, without surrounding white space.</param>
public readonly record struct SentencePair(int Line, string Source, string Target);
