using TrainingCluster.Files;

namespace TrainingCluster.Tests.Files;

public sealed class FolderLockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lock-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Take_HeldFolder_NamesTheHolderAndTheOption()
    {
        using var held = await TakeAsync(_folder, "coordinator");

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => TakeAsync(_folder, "worker"));

        Assert.Contains(
            $"--data {_folder} is in use by coordinator, process {Environment.ProcessId}",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Take_HolderEndsMeanwhile_IsGiven()
    {
        var held = await TakeAsync(_folder, "coordinator");
        var next = FolderLock.TakeAsync(_folder, "--data", "worker", TimeProvider.System, TimeSpan.FromMinutes(1));
        Assert.False(next.IsCompleted);

        held.Dispose();

        using var taken = await next;
    }

    [Fact]
    public async Task Take_NoFolderCanBeThere_SaysSo()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => TakeAsync(Path.Combine(file, "data"), "worker"));

        Assert.Contains("cannot be used", error.Message, StringComparison.Ordinal);
    }

    private static Task<FolderLock> TakeAsync(string folder, string program) =>
        FolderLock.TakeAsync(folder, "--data", program, TimeProvider.System, TimeSpan.FromMilliseconds(200));
}
