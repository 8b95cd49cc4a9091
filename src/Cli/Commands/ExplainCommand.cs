using System.CommandLine;
using Grpc.Core;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Explain;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>explain</c>: what happened to a job, where it stands, and what helps.</summary>
internal static class ExplainCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command(
            "explain",
            "Tell a job's story: who submitted it, why it waited, each fault with what was done and lost, how it ended or what "
                + "it waits for."
        )
        {
            id,
            coordinator,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var (job, story) = await ReadAsync(terminal, connection, parsed.GetValue(id)!, cancellationToken);
                var lines = parsed.GetValue(json) ? [StoryPage.Json(job, story)] : StoryPage.Of(job, story);
                foreach (var line in lines)
                {
                    await terminal.Out.WriteLineAsync(line);
                }
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static async Task<(Job Job, JobStory Story)> ReadAsync(
        Terminal terminal,
        ClusterConnection connection,
        string id,
        CancellationToken cancellationToken
    )
    {
        var events = await EventsAsync(connection, id, cancellationToken);
        // After its events: where it stands now is never older than what is told of it.
        var job = await connection.CallAsync(o => connection.Jobs.GetJobAsync(new GetJobRequest { Id = id }, o), cancellationToken);
        QueuedJob? queued = null;
        if (job.State == JobState.Queued)
        {
            var request = new GetQueueRequest { Namespace = job.Namespace };
            var queue = await connection.CallAsync(o => connection.Jobs.GetQueueAsync(request, o), cancellationToken);
            queued = queue.Jobs.FirstOrDefault(q => q.JobId == id);
        }
        return (job, JobStory.Of(job, events, queued, terminal.Time.GetUtcNow()));
    }

    private static async Task<IReadOnlyList<JobEvent>> EventsAsync(
        ClusterConnection connection,
        string id,
        CancellationToken cancellationToken
    )
    {
        var events = new List<JobEvent>();
        try
        {
            using var call = connection.Jobs.WatchJob(
                new WatchJobRequest { Id = id, UntilNow = true },
                deadline: connection.Time.GetUtcNow().UtcDateTime + connection.AnswerWithin,
                cancellationToken: cancellationToken
            );
            await foreach (var e in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                events.Add(e);
            }
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw RpcErrors.Explain(exception, connection.Address);
        }
        return events;
    }
}
