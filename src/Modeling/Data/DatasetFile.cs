namespace TrainingCluster.Modeling.Data;

/// <summary>One file of a dataset folder.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hexadecimal.</param>
public sealed record DatasetFile(long Bytes, string Sha256);
