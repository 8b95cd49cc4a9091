using System.CommandLine;
using TrainingCluster.Cli;
using TrainingCluster.Cli.Commands;

namespace TrainingCluster.Chaos.Goodput;

/// <summary><c>chaos goodput</c>: what is left of the throughput while members are killed, stopped and cut off.</summary>
internal static class GoodputCommand
{
    private static readonly FaultKind[] s_preset = [FaultKind.Kill, FaultKind.Stop, FaultKind.Partition];

    public static Command Create(Terminal terminal)
    {
        var workers = ChaosCommand.Number("--workers", 8, $"Worker processes, 2 to {ChaosRecipe.LogicalShards}.");
        var minutes = ChaosCommand.Number("--minutes", 30, "How long an undisturbed run takes: a short run before tells how many steps.");
        var steps = new NumberOption<int?>("--steps", null, null)
        {
            Description = "Steps of each run. Default: as many as --minutes take.",
        };
        var every = ChaosCommand.Number("--every", 30, "A fault every so many seconds, or when the one before is over.");
        var faults = new Option<string?>("--faults")
        {
            Description =
                "Which faults, between commas, in turn. Default: kill,stop,partition; without partition where links cannot be cut.",
            HelpName = "LIST",
        };
        var seed = new NumberOption<ulong>("--seed", null, null)
        {
            Description = "The faults, the text and the job draw from it.",
            DefaultValueFactory = _ => 1,
        };
        var least = new NumberOption<double?>("--least", null, null)
        {
            Description = "Fail where less than so many percent of the undisturbed throughput are left.",
            HelpName = "PERCENT",
        };
        var folder = SharedOptions.Folder(
            "--work-dir",
            "Keep the processes' files and logs here; empty or new. Default: a temporary folder, which stays only where the run fails."
        );
        var json = SharedOptions.Json();
        var command = new Command(
            "goodput",
            "Train one small job three times, with the same number of steps: undisturbed, under faults, undisturbed. Tells the "
                + "throughput that is left, what each fault cost and where, and whether the weights are equal.\n\nIt passes (status 0) "
                + "if the weights are equal and each fault is proven and survived."
        )
        {
            workers,
            minutes,
            steps,
            every,
            faults,
            seed,
            least,
            folder,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (kinds, errors) = await ChaosCommand.FaultsOfAsync(terminal, parsed.GetValue(faults), s_preset, cancellationToken);
                foreach (
                    var (name, value, low, high) in (ReadOnlySpan<(string, double?, double, double)>)
                        [
                            (workers.Name, parsed.GetValue(workers), 2, ChaosRecipe.LogicalShards),
                            (minutes.Name, parsed.GetValue(minutes), 1, 1_440),
                            (steps.Name, parsed.GetValue(steps), 100, 10_000_000),
                            (every.Name, parsed.GetValue(every), 1, 86_400),
                            (least.Name, parsed.GetValue(least), 0, 100),
                        ]
                )
                {
                    if (value < low || value > high)
                    {
                        errors.Add(FormattableString.Invariant($"{name} {value}: must be {low} to {high}"));
                    }
                }
                ChaosCommand.ThrowIfWrong(errors, parsed.GetValue(folder));
                var options = new GoodputOptions
                {
                    Workers = parsed.GetValue(workers),
                    Faults = kinds,
                    Every = TimeSpan.FromSeconds(parsed.GetValue(every)),
                    Length = TimeSpan.FromMinutes(parsed.GetValue(minutes)),
                    Steps = parsed.GetValue(steps),
                    Seed = parsed.GetValue(seed),
                    Least = parsed.GetValue(least),
                };
                return await ChaosCommand.InFolderAsync(
                    terminal,
                    parsed.GetValue(folder),
                    parsed.GetValue(json),
                    async path => await new GoodputRun(terminal, options, path).RunAsync(cancellationToken),
                    report => report.Failures(),
                    (report, asJson) =>
                        asJson ? GoodputView.WriteJsonAsync(terminal.Out, report) : GoodputView.WriteAsync(terminal, report),
                    cancellationToken
                );
            }
        );
        return command;
    }
}
