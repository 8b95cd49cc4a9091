using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>delete</c>: removes an ended job and its artifacts.</summary>
internal static class DeleteCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var coordinator = SharedOptions.Coordinator();
        var command = new Command("delete", "Delete a job that has ended, and its artifacts with it.") { id, coordinator };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new DeleteJobRequest { Id = parsed.GetValue(id) };
                await connection.CallAsync(options => connection.Jobs.DeleteJobAsync(request, options), cancellationToken);
                await terminal.Out.WriteLineAsync($"job {request.Id} deleted");
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }
}
