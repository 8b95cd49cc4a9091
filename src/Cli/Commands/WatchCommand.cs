using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Training;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>watch</c>: a job's events to its end.</summary>
internal static class WatchCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var token = new Option<string>("--resume-token")
        {
            Description = "Go on after the event with this token. Default: from the first event.",
            HelpName = "TOKEN",
            DefaultValueFactory = _ => "",
        };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command(
            "watch",
            "Follow a job to its end; the exit status says how it ended (0 succeeded, 1 failed, 3 cancelled)."
        )
        {
            id,
            token,
            coordinator,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                return await FollowAsync(
                    terminal,
                    connection,
                    parsed.GetValue(id)!,
                    parsed.GetValue(token)!,
                    known: false,
                    parsed.GetValue(json),
                    cancellationToken
                );
            }
        );
        return command;
    }

    /// <summary>Follows the job and says how it ended. An interruption leaves the job alone.</summary>
    public static async Task<int> FollowAsync(
        Terminal terminal,
        ClusterConnection connection,
        string id,
        string token,
        bool known,
        bool json,
        CancellationToken cancellationToken
    )
    {
        StateChanged end;
        try
        {
            end = await JobFollowing.FollowAsync(terminal, connection, id, token, known, json, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await terminal.Error.WriteLineAsync(
                $"job {id} goes on: './cluster watch {id}' follows it again, './cluster cancel {id}' ends it"
            );
            throw;
        }
        if (!json)
        {
            await terminal.Out.WriteLineAsync(
                end.WeightsSha256.Length > 0
                    ? $"job {id} {end.State.Word()}, weights_sha256 {end.WeightsSha256}"
                    : $"job {id} {end.State.Word()}{(end.Reason.Length > 0 ? $": {end.Reason}" : "")}"
            );
        }
        return end.State.ExitCode();
    }
}
