using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>cancel</c>: ends a job.</summary>
internal static class CancelCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var reason = new Option<string>("--reason")
        {
            Description = "Why, for those who look later.",
            HelpName = "TEXT",
            DefaultValueFactory = _ => "",
        };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("cancel", "Cancel a job. A job that has ended stays as it is.") { id, reason, coordinator, json };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new CancelJobRequest { Id = parsed.GetValue(id), Reason = parsed.GetValue(reason) };
                var job = await connection.CallAsync(options => connection.Jobs.CancelJobAsync(request, options), cancellationToken);
                await GetCommand.WriteAsync(terminal, job, parsed.GetValue(json));
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }
}
