using System.CommandLine;
using TrainingCluster.Cli.Display;
using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>dates</c>: the demonstration's text as files, for job files and for trying things out.</summary>
internal static class DatesCommand
{
    public static Command Create(Terminal terminal)
    {
        var folder = new Option<string>("--out")
        {
            Description = "Gets train, valid and heldout, each with .source and .target.",
            HelpName = "DIR",
            Required = true,
        };
        var seed = new NumberOption<ulong>("--seed", null, null)
        {
            Description = "Another seed, other dates.",
            DefaultValueFactory = _ => 1,
        };
        var train = Count("--train", 20_000, "Pairs to train on");
        var valid = Count("--valid", 200, "Pairs to evaluate on while training");
        var heldOut = Count("--heldout", 1_000, "Pairs to test with at the end");
        var command = new Command(
            "dates",
            "Write the demonstration's task: dates in English, German and Chinese, and the same dates in ISO form."
        )
        {
            folder,
            seed,
            train,
            valid,
            heldOut,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var split = DatesTask.Split(
                    parsed.GetValue(seed),
                    parsed.GetValue(train),
                    parsed.GetValue(valid),
                    parsed.GetValue(heldOut)
                );
                var target = Directory.CreateDirectory(parsed.GetValue(folder)!).FullName;
                foreach (var (name, pairs) in new[] { ("train", split.Train), ("valid", split.Validation), ("heldout", split.HeldOut) })
                {
                    await File.WriteAllLinesAsync(
                        Path.Combine(target, name + ".source"),
                        pairs.Select(pair => pair.Source),
                        cancellationToken
                    );
                    await File.WriteAllLinesAsync(
                        Path.Combine(target, name + ".target"),
                        pairs.Select(pair => pair.Target),
                        cancellationToken
                    );
                    await terminal.Out.WriteLineAsync($"{Path.Combine(target, name)}.source and .target: {Text.Count(pairs.Count)} pairs");
                }
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static NumberOption<int> Count(string name, int count, string what) =>
        new(name, 1, 300_000) { Description = $"{what}, at most 300000.", DefaultValueFactory = _ => count };
}
