using System.CommandLine;
using Grpc.Core;
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
    /// <param name="terminal">Shows progress and the end.</param>
    /// <param name="connection">The coordinator.</param>
    /// <param name="id">The job.</param>
    /// <param name="token">Go on after this event; empty: from the first.</param>
    /// <param name="known">True: the coordinator has answered before.</param>
    /// <param name="json">True: the events go to the output as JSON.</param>
    /// <param name="cancellationToken">Ends the following.</param>
    /// <param name="folder">Where its model is to go; null: nowhere.</param>
    public static async Task<int> FollowAsync(
        Terminal terminal,
        ClusterConnection connection,
        string id,
        string token,
        bool known,
        bool json,
        CancellationToken cancellationToken,
        string? folder = null
    )
    {
        StateChanged end;
        try
        {
            end = await JobFollowing.FollowAsync(terminal, connection, id, token, known, json, cancellationToken);
        }
        catch (Exception exception)
            when (cancellationToken.IsCancellationRequested && exception is OperationCanceledException or RpcException)
        {
            var fetch = folder is null
                ? ""
                : $", {connection.Command($"artifacts {id} --out {folder}")} fetches its model when it has succeeded";
            throw new InterruptedException(
                $"job {id} goes on: {connection.Command($"watch {id}")} follows it again, {connection.Command($"cancel {id}")} ends it"
                    + fetch,
                exception
            );
        }
        if (!json)
        {
            await terminal.Out.WriteLineAsync(
                end.WeightsSha256.Length > 0
                    ? $"job {id} {end.State.Word()}, weights_sha256 {end.WeightsSha256}"
                    : $"job {id} {end.State.Word()}{(end.Reason.Length > 0 ? $": {end.Reason}" : "")}"
            );
        }
        else if (end.State != JobState.Succeeded)
        {
            throw end.Failure(id, connection.Command($"get {id}") + " has the reason");
        }
        return end.State.ExitCode();
    }
}
