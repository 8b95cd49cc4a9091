using System.CommandLine;
using System.Text.Json;
using TrainingCluster.Checkpoints;
using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>checkpoints</c>: those on a disk, each read whole as the coordinator reads it before it hands it out.</summary>
internal static class CheckpointsCommand
{
    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<string>("DIR") { Description = "A coordinator's data folder, or any folder of checkpoints." };
        var json = SharedOptions.Json();
        var command = new Command(
            "checkpoints",
            "List the checkpoints below a folder and verify every byte; the status is 1 if one is damaged."
        )
        {
            folder,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var root = parsed.GetValue(folder)!;
                if (!Directory.Exists(root))
                {
                    throw CliException.BadUsage($"{root} is no folder");
                }
                var found = await CheckpointSurvey.ReadAsync(root, cancellationToken);
                if (parsed.GetValue(json))
                {
                    foreach (var checkpoint in found)
                    {
                        await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(checkpoint, JsonSerializerOptions.Web));
                    }
                }
                else if (found.Count == 0)
                {
                    await terminal.Error.WriteLineAsync($"no checkpoints below {root}");
                }
                else
                {
                    await Table.WriteAsync(
                        terminal,
                        ["JOB", "STEP", new("EPOCH", Yield.Whole), "AGE", "SIZE", new("STATE", Yield.Text)],
                        [.. found.Select(checkpoint => Row(checkpoint, terminal.Time))]
                    );
                }
                var damaged = found.Count(checkpoint => !checkpoint.IsWhole);
                if (damaged > 0 && terminal.Json)
                {
                    throw new CliException($"{damaged} of {found.Count} checkpoints below {root} are damaged") { Code = "DATA_LOSS" };
                }
                return damaged == 0 ? ExitCodes.Succeeded : ExitCodes.Failed;
            }
        );
        return command;
    }

    private static string[] Row(FoundCheckpoint checkpoint, TimeProvider time) =>
        [
            checkpoint.Job.Length > 0 ? checkpoint.Job : "-",
            $"{checkpoint.Step}",
            checkpoint.Epoch is { } epoch ? $"{epoch}" : "-",
            Text.Of(time.GetUtcNow() - checkpoint.Stored),
            Text.Bytes(checkpoint.Bytes),
            checkpoint.IsWhole
                ? checkpoint.Best
                    ? "whole, the best"
                    : "whole"
                : $"damaged: {checkpoint.Problem}",
        ];
}
