using TrainingCluster.Cli.Local;

namespace TrainingCluster.Cli.Tests.Local;

public sealed class ChildProgramTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Ready_ProgramThatCannotStart_TellsItsLastWords()
    {
        // This assembly is no program: its host says so and ends.
        await using var program = ChildProgram.Start(
            "worker-1",
            typeof(Assert).Assembly.Location,
            [],
            _folder.At("log"),
            TimeProvider.System
        );
        var error = await Assert.ThrowsAsync<CliException>(() =>
            program.ReadyAsync(_folder.At("ready"), TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken)
        );
        Assert.Contains("worker-1 ended with status", error.Message, StringComparison.Ordinal);
        Assert.Contains(".runtimeconfig.json", error.Message, StringComparison.Ordinal);
    }
}
