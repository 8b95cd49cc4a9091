using TrainingCluster.Cli.Local;
using TrainingCluster.Files;

namespace TrainingCluster.Cli.Tests.Local;

public sealed class LocalClusterTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_FolderOfAClusterThatRuns_IsRefused()
    {
        using var held = await FolderLock.TakeAsync(_folder.Path, "--data", "cluster", TimeProvider.System);
        var error = await Assert.ThrowsAsync<CliException>(() =>
            LocalCluster.StartAsync(
                new LocalClusterOptions { Workers = 1, Folder = _folder.Path },
                TimeProvider.System,
                TestContext.Current.CancellationToken
            )
        );
        Assert.Equal(ExitCodes.BadUsage, error.ExitCode);
        Assert.Contains($"{_folder.Path} is in use by cluster, process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }
}
