using System.CommandLine;

namespace TrainingCluster.Cli.Commands;

/// <summary>Commands that the script <c>./cluster</c> does itself before this program is started: here for their help alone.</summary>
internal static class ScriptCommands
{
    public static Command Build() => OfScript("build", "Build everything that is out of date.");

    public static Command Test() => OfScript("test", "Build and run every test; the last line reads 'N passed, N failed, N skipped'.");

    public static Command Bench() =>
        OfScript(
            "bench",
            "Benchmarks: 'bench step', 'bench allreduce', 'bench search' and 'bench serve'; with --peer beside PyTorch and gloo."
        );

    public static Command Chaos() =>
        OfScript("chaos", "Kill, stop and cut off the processes of a training run of this machine again and again; compare the weights.");

    private static Command OfScript(string name, string description)
    {
        var command = new Command(name, description) { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(
            (Action<ParseResult>)(_ => throw CliException.BadUsage($"'{name}' works on the repository: run ./cluster {name} there"))
        );
        return command;
    }
}
