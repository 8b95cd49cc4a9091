using System.CommandLine;
using TrainingCluster.Chaos.Goodput;
using TrainingCluster.Cli;
using TrainingCluster.Cli.Commands;

namespace TrainingCluster.Chaos;

/// <summary><c>chaos</c>: breaks a local cluster while it trains, and compares the weights.</summary>
internal static class ChaosCommand
{
    public static Command Create(Terminal terminal)
    {
        var workers = Number("--workers", 4, $"Worker processes, at most {ChaosRecipe.LogicalShards}.");
        var faults = new Option<string?>("--faults")
        {
            Description = "Which faults, between commas. Default: all that this machine can do.",
            HelpName = "LIST",
        };
        var rounds = Number("--rounds", 12, "How many faults.");
        var every = new NumberOption<int?>("--every", null, null)
        {
            Description = "A fault every so many seconds. Default: at moments drawn from the seed, up to 3 s after the one before.",
            HelpName = "SECONDS",
        };
        var seed = new NumberOption<ulong>("--seed", null, null)
        {
            Description = "The faults, their moments, the text and the job draw from it.",
            DefaultValueFactory = _ => 1,
        };
        var steps = Number("--steps", 600, "Steps of the job, which is submitted again until all faults are done.");
        var innerSteps = Number("--inner-steps", 0, "The job trains by DiLoCo with rounds of so many steps. 0: an exchange in every step.");
        var sharding = new Option<bool>("--optimizer-sharding")
        {
            Description = "The disturbed jobs share out the optimizer's state (training.optimizerSharding); the undisturbed one does not.",
        };
        var folder = SharedOptions.Folder(
            "--work-dir",
            "Keep the processes' files and logs here; empty or new. Default: a temporary folder, which stays only where the run fails."
        );
        var tls = SharedOptions.Folder("--tls", "Folder of certificates and tokens ('./cluster certs' makes it): TLS on all ports.");
        var json = SharedOptions.Json();
        var command = new Command(
            "chaos",
            "Train the dates task on this machine, first undisturbed, then again and again while processes are killed and links are "
                + $"cut, and compare the weights.\n\nFaults:\n{FaultCatalog.Help}\n\nIt passes (status 0) if every job succeeds with "
                + "the undisturbed job's weights, training goes on after each fault, and each fault is proven to have happened."
        )
        {
            workers,
            faults,
            rounds,
            every,
            seed,
            steps,
            innerSteps,
            sharding,
            folder,
            tls,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                // All that is wrong is told at once, so nothing is left to the parser's validators.
                var (kinds, errors) = await FaultsOfAsync(terminal, parsed.GetValue(faults), FaultCatalog.All, cancellationToken);
                foreach (
                    var (option, least, most) in (ReadOnlySpan<(NumberOption<int>, int, int)>)
                        [(workers, 1, ChaosRecipe.LogicalShards), (rounds, 1, 100_000), (steps, 100, 1_000_000), (innerSteps, 0, 100)]
                )
                {
                    if (parsed.GetValue(option) is var value && (value < least || value > most))
                    {
                        errors.Add($"{option.Name} {value}: must be {least} to {most}");
                    }
                }
                if (parsed.GetValue(every) is < 1 or > 86_400)
                {
                    errors.Add($"--every {parsed.GetValue(every)}: must be 1 to 86400 seconds");
                }
                ThrowIfWrong(errors, parsed.GetValue(folder));
                var options = new ChaosOptions
                {
                    Workers = parsed.GetValue(workers),
                    Faults = kinds,
                    Rounds = parsed.GetValue(rounds),
                    Seed = parsed.GetValue(seed),
                    Steps = parsed.GetValue(steps),
                    InnerSteps = parsed.GetValue(innerSteps),
                    OptimizerSharding = parsed.GetValue(sharding),
                    Every = parsed.GetValue(every) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                    Folder = parsed.GetValue(folder),
                    Tls = parsed.GetValue(tls),
                };
                return await InFolderAsync(
                    terminal,
                    options.Folder,
                    parsed.GetValue(json),
                    async path => await new ChaosRun(terminal, options, path).RunAsync(cancellationToken),
                    report => report.Failures(),
                    (report, asJson) => asJson ? ChaosView.WriteJsonAsync(terminal.Out, report) : ChaosView.WriteAsync(terminal, report),
                    cancellationToken
                );
            }
        );
        command.Subcommands.Add(GoodputCommand.Create(terminal));
        return command;
    }

    /// <summary>All that is wrong is told at once.</summary>
    /// <param name="errors">What was found wrong so far.</param>
    /// <param name="folder">The folder for the run's files, which must be new or empty. Null: none was named.</param>
    /// <exception cref="CliException">Something is wrong.</exception>
    internal static void ThrowIfWrong(List<string> errors, string? folder)
    {
        if (folder is { } path && (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())))
        {
            errors.Add($"--work-dir {path} is not empty; name a new or empty folder");
        }
        if (errors.Count > 0)
        {
            throw CliException.BadUsage(string.Join("\ncluster: ", errors));
        }
    }

    /// <summary>The faults that were named, or all that can be done here.</summary>
    /// <param name="terminal">Is told which of the preset ones cannot be done.</param>
    /// <param name="list">What was named. Null: the preset ones.</param>
    /// <param name="preset">Those that are done where none are named.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<(IReadOnlyList<FaultKind> Kinds, List<string> Errors)> FaultsOfAsync(
        Terminal terminal,
        string? list,
        IReadOnlyList<FaultKind> preset,
        CancellationToken cancellationToken
    )
    {
        var (kinds, unknown) = list is null ? (preset, []) : FaultCatalog.Parse(list);
        List<string> errors =
        [
            .. unknown.Select(word =>
                $"--faults {word}: there is no such fault; there are {string.Join(", ", FaultCatalog.All.Select(FaultCatalog.Word))}"
            ),
        ];
        if (kinds.Count == 0 && errors.Count == 0)
        {
            errors.Add("--faults: name at least one fault");
        }
        var missing = await FaultSupport.MissingAsync(kinds, cancellationToken);
        foreach (var (kind, why) in missing)
        {
            if (list is null)
            {
                await terminal.Error.WriteLineAsync($"without {FaultCatalog.Word(kind)}: {why}");
            }
            else
            {
                errors.Add($"--faults {FaultCatalog.Word(kind)}: not available here: {why}");
            }
        }
        return ([.. kinds.Where(kind => !missing.ContainsKey(kind))], errors);
    }

    /// <summary>Runs in a folder that stays where it was named, or where the run fails, and writes the report.</summary>
    internal static async Task<int> InFolderAsync<TReport>(
        Terminal terminal,
        string? named,
        bool json,
        Func<string, Task<TReport>> run,
        Func<TReport, IReadOnlyList<string>> failuresOf,
        Func<TReport, bool, Task> write,
        CancellationToken cancellationToken
    )
    {
        await Leftovers.RemoveAsync(terminal.Error, cancellationToken);
        var folder = Path.GetFullPath(named ?? Directory.CreateTempSubdirectory("cluster-chaos-").FullName);
        Directory.CreateDirectory(folder);
        var keep = named is not null;
        try
        {
            var report = await run(folder);
            await write(report, json);
            var failures = failuresOf(report);
            keep |= failures.Count > 0;
            if (failures.Count > 0 && json)
            {
                throw new CliException(string.Join('\n', failures)) { Code = "CHAOS_FAILED" };
            }
            return failures.Count == 0 ? ExitCodes.Succeeded : ExitCodes.Failed;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            keep = true;
            throw;
        }
        finally
        {
            if (keep)
            {
                await terminal.Error.WriteLineAsync($"logs: {Path.Combine(folder, "logs")}");
            }
            else
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    internal static NumberOption<int> Number(string name, int preset, string what) =>
        new(name, null, null) { Description = what, DefaultValueFactory = _ => preset };
}
