namespace TrainingCluster.TestSupport;

internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("coordinator-tests-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
