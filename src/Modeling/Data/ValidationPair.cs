namespace TrainingCluster.Modeling.Data;

/// <summary>One pair to evaluate on.</summary>
/// <param name="SourceText">The sentence to translate, as it was written.</param>
/// <param name="TargetText">The reference translation, as it was written: what scores compare with.</param>
/// <param name="Source">Tokens of the source, without special tokens.</param>
/// <param name="Target">Tokens of the reference, without special tokens.</param>
public sealed record ValidationPair(string SourceText, string TargetText, int[] Source, int[] Target);
