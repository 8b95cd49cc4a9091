using System.CommandLine;
using TrainingCluster.Cli.Tests;

namespace TrainingCluster.Chaos.Tests;

public sealed class ChaosCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Chaos_BadInput_IsToldAllAtOnceBeforeAnythingStarts()
    {
        File.WriteAllText(_folder.At("full"), "");
        var session = await RunAsync(
            "chaos",
            "--faults",
            "kill,bogus",
            "--workers",
            "9",
            "--rounds",
            "0",
            "--steps",
            "99",
            "--every",
            "0",
            "--work-dir",
            _folder.At(".")
        );
        Assert.Equal(2, session.ExitCode);
        Assert.Empty(session.Out);
        foreach (
            var wrong in new[]
            {
                "--faults bogus: there is no such fault; there are kill, outage, stop",
                "--workers 9: must be 1 to 8",
                "--rounds 0",
                "--steps 99",
                "--every 0",
                "--work-dir",
            }
        )
        {
            Assert.Contains(wrong, session.Error, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("dataset", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Goodput_BadInput_IsToldAllAtOnceBeforeAnythingStarts()
    {
        string[] wrong = ["--faults bogus", "--workers 1", "--minutes 0", "--steps 99", "--every 0", "--least 101"];
        var session = await RunAsync(["chaos", "goodput", .. wrong.SelectMany(option => option.Split(' '))]);
        Assert.Equal(2, session.ExitCode);
        Assert.Empty(session.Out);
        Assert.All(wrong, option => Assert.Contains($"{option}:", session.Error, StringComparison.Ordinal));
    }

    private static Task<Session> RunAsync(params string[] args) =>
        Session.RunAsync(terminal => new RootCommand { ChaosCommand.Create(terminal) }, [], args);

    [Fact]
    public async Task Chaos_Help_TellsEveryFault()
    {
        var session = await RunAsync("chaos", "--help");
        Assert.Equal(0, session.ExitCode);
        Assert.All(FaultCatalog.All, kind => Assert.Contains($"\n    {FaultCatalog.Word(kind)} ", session.Out, StringComparison.Ordinal));
    }
}
