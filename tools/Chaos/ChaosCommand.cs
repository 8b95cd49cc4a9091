using System.CommandLine;
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
                var (kinds, errors) = await FaultsOfAsync(terminal, parsed.GetValue(faults), cancellationToken);
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
                if (
                    parsed.GetValue(folder) is { } path
                    && (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
                )
                {
                    errors.Add($"--work-dir {path} is not empty; name a new or empty folder");
                }
                if (errors.Count > 0)
                {
                    throw CliException.BadUsage(string.Join("\ncluster: ", errors));
                }
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
                return await RunAsync(terminal, options, parsed.GetValue(json), cancellationToken);
            }
        );
        return command;
    }

    /// <summary>The faults that were named, or all that can be done here.</summary>
    private static async Task<(IReadOnlyList<FaultKind> Kinds, List<string> Errors)> FaultsOfAsync(
        Terminal terminal,
        string? list,
        CancellationToken cancellationToken
    )
    {
        var (kinds, unknown) = list is null ? (FaultCatalog.All, []) : FaultCatalog.Parse(list);
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

    private static async Task<int> RunAsync(Terminal terminal, ChaosOptions options, bool json, CancellationToken cancellationToken)
    {
        await Leftovers.RemoveAsync(terminal.Error, cancellationToken);
        var folder = Path.GetFullPath(options.Folder ?? Directory.CreateTempSubdirectory("cluster-chaos-").FullName);
        Directory.CreateDirectory(folder);
        var keep = options.Folder is not null;
        try
        {
            var report = await new ChaosRun(terminal, options, folder).RunAsync(cancellationToken);
            await (json ? ChaosView.WriteJsonAsync(terminal.Out, report) : ChaosView.WriteAsync(terminal, report));
            var passed = report.Failures().Count == 0;
            keep |= !passed;
            if (!passed && json)
            {
                throw new CliException(string.Join('\n', report.Failures())) { Code = "CHAOS_FAILED" };
            }
            return passed ? ExitCodes.Succeeded : ExitCodes.Failed;
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

    private static NumberOption<int> Number(string name, int preset, string what) =>
        new(name, null, null) { Description = what, DefaultValueFactory = _ => preset };
}
