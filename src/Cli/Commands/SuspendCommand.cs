using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>suspend</c>: stops a job, keeping what it has.</summary>
internal static class SuspendCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("suspend", "Suspend a job: its workers are free, its state is kept.") { id, coordinator, json };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new SuspendJobRequest { Id = parsed.GetValue(id) };
                var job = await connection.CallAsync(options => connection.Jobs.SuspendJobAsync(request, options), cancellationToken);
                await GetCommand.WriteAsync(terminal, job, parsed.GetValue(json));
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }
}
