using TrainingCluster.Cli.Local;

namespace TrainingCluster.Cli.Tests.Local;

public sealed class LocalClusterTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Start_FolderOfAClusterThatRuns_IsRefused()
    {
        Directory.CreateDirectory(_folder.At("run"));
        await using var held = new FileStream(_folder.At("run/lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var error = await Assert.ThrowsAsync<CliException>(() =>
            LocalCluster.StartAsync(
                new LocalClusterOptions { Workers = 1, Folder = _folder.Path },
                TimeProvider.System,
                TestContext.Current.CancellationToken
            )
        );
        Assert.Equal(ExitCodes.BadUsage, error.ExitCode);
        Assert.Contains($"{_folder.Path} is in use", error.Message, StringComparison.Ordinal);
    }
}
