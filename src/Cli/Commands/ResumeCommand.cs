using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>resume</c>: lets a suspended job go on.</summary>
internal static class ResumeCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("resume", "Resume a suspended job from its newest step.") { id, coordinator, json };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new ResumeJobRequest { Id = parsed.GetValue(id) };
                var job = await connection.CallAsync(options => connection.Jobs.ResumeJobAsync(request, options), cancellationToken);
                await GetCommand.WriteAsync(terminal, job, parsed.GetValue(json));
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }
}
