using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>artifacts</c>: a job's model folder.</summary>
internal static class ArtifactsCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var folder = new Option<string>("--out")
        {
            Description = "The folder to make: model.safetensors, tokenizer.json, manifest.json.",
            HelpName = "DIR",
            Required = true,
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the model that is there." };
        var coordinator = SharedOptions.Coordinator();
        var command = new Command("artifacts", "Fetch the model of a job that succeeded.") { id, folder, overwrite, coordinator };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var target = parsed.GetValue(folder)!;
                OutputFolder.RequireModel(target, parsed.GetValue(overwrite));
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                foreach (var file in await ArtifactDownload.ReceiveAsync(connection, parsed.GetValue(id)!, target, cancellationToken))
                {
                    await terminal.Out.WriteLineAsync($"{Path.Combine(target, file.Path)}  {Text.Bytes(file.Bytes)}");
                }
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }
}
