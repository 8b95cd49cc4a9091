namespace TrainingCluster.Coordinator.Files;

/// <summary>A file that arrived whole.</summary>
/// <param name="Path">Relative, '/' separated.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record ReceivedFile(string Path, long Bytes, string Sha256);
