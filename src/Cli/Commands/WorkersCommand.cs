using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>workers</c>: the workers that a coordinator knows.</summary>
internal static class WorkersCommand
{
    public static Command Create(Terminal terminal)
    {
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("workers", "List the cluster's workers and what they do.") { coordinator, json };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var status = await connection.CallAsync(
                    options => connection.Jobs.GetClusterAsync(new GetClusterRequest(), options),
                    cancellationToken
                );
                if (parsed.GetValue(json))
                {
                    await terminal.Out.WriteLineAsync(MessageJson.Of(status));
                }
                else if (status.Workers.Count == 0)
                {
                    await terminal.Error.WriteLineAsync("no workers");
                }
                else
                {
                    await Table.WriteAsync(
                        terminal,
                        [
                            "WORKER",
                            "STATE",
                            "JOB",
                            "DEVICE",
                            new("HTTP", Yield.Whole),
                            new("GRPC", Yield.Whole),
                            new("COMPUTES AS", Yield.Text),
                        ],
                        [.. status.Workers.Select(Row)]
                    );
                }
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static string[] Row(WorkerStatus worker) =>
        [
            worker.Id,
            worker.State.Word(),
            worker.JobId.Length > 0 ? worker.JobId : "-",
            worker.Device,
            worker.HttpAddress,
            worker.CollectiveAddress,
            worker.Arithmetic?.ToText() ?? "-",
        ];
}
