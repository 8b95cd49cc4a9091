using TrainingCluster.Cli.Local;

namespace TrainingCluster.Cli.Tests.Local;

/// <summary>A worker that cannot compute says why in one line, with status 2, before it makes or opens anything.</summary>
public sealed class WorkerStartTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public Task Worker_TooFewAddresses_TellsTheLimit() =>
        EndsAsync("'ulimit -v' allows this process", ["/bin/sh", "-c", "ulimit -v 2500000; exec \"$@\"", "sh"]);

    [Fact]
    public Task Worker_NoGpu_TellsTheDevice() => EndsAsync("worker: --device cuda:0: ", [], "--device", "cuda:0");

    [Fact]
    public Task Worker_EmptyFolderOfLibtorch_NamesIt()
    {
        var empty = Directory.CreateDirectory(_folder.At("empty")).FullName;
        return EndsAsync($"worker: --libtorch {empty}: no libtorch_cpu.so in it", [], "--libtorch", empty);
    }

    [Fact]
    public async Task Worker_LibraryThatWasNotCopiedWhole_NamesIt()
    {
        var folder = Directory.CreateDirectory(_folder.At("damaged")).FullName;
        var whole = await File.ReadAllBytesAsync(
            Path.Combine(AppContext.BaseDirectory, "libc10.so"),
            TestContext.Current.CancellationToken
        );
        await File.WriteAllBytesAsync(Path.Combine(folder, "libtorch_cpu.so"), whole[..2000], TestContext.Current.CancellationToken);
        await EndsAsync($"worker: --libtorch {folder}: libtorch_cpu.so is cut short: 2000 of ", [], "--libtorch", folder);
    }

    [Fact]
    public async Task Worker_LibraryOfSomethingElse_TellsWhatItLacks()
    {
        // libc10 in the place of libtorch_cpu: whole and loadable, but without libtorch's functions.
        var folder = Directory.CreateDirectory(_folder.At("other")).FullName;
        File.Copy(Path.Combine(AppContext.BaseDirectory, "libc10.so"), Path.Combine(folder, "libtorch_cpu.so"));
        await EndsAsync($"worker: {folder}: this libtorch has not the C++11 ABI", [], "--libtorch", folder);
    }

    private async Task EndsAsync(string expected, string[] launcher, params string[] arguments)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        string[] all = ["--coordinator", "127.0.0.1:1", "--data", _folder.At("data"), .. arguments];
        await using var program = ChildProgram.Start(
            "worker-1",
            ProgramFiles.Worker,
            all,
            _folder.At("log"),
            TimeProvider.System,
            launcher
        );
        await program.EndedAsync(cancellationToken);
        Assert.Equal(ExitCodes.BadUsage, program.ExitCode);
        Assert.Contains(
            expected,
            Assert.Single(await File.ReadAllLinesAsync(_folder.At("log"), cancellationToken)),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(_folder.At("data")));
    }
}
