using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>queue</c>: who waits for workers, who has some, and why.</summary>
internal static class QueueCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = new Option<string?>("--namespace") { Description = "Only jobs of this namespace.", HelpName = "NAME" };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("queue", "Show which jobs wait for workers, which have some, and why.") { name, coordinator, json };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new GetQueueRequest { Namespace = parsed.GetValue(name) ?? "" };
                var queue = await connection.CallAsync(options => connection.Jobs.GetQueueAsync(request, options), cancellationToken);
                if (parsed.GetValue(json))
                {
                    await terminal.Out.WriteLineAsync(MessageJson.Of(queue));
                    return ExitCodes.Succeeded;
                }
                await WriteAsync(terminal, request.Namespace, queue);
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    private static async Task WriteAsync(Terminal terminal, string name, QueueStatus queue)
    {
        if (queue.Jobs.Count == 0)
        {
            await terminal.Error.WriteLineAsync(name.Length > 0 ? $"no job of namespace {name} waits or has workers" : "no jobs");
        }
        else
        {
            await Table.WriteAsync(
                terminal,
                [
                    "PLACE",
                    "JOB",
                    new("NAMESPACE", Yield.Whole),
                    new("PRIORITY", Yield.Whole),
                    "STATE",
                    "WORKERS",
                    new("WAITS", Yield.Whole),
                    new("REASON", Yield.Text),
                ],
                [.. queue.Jobs.Select(job => Row(job, terminal.Time.GetUtcNow()))]
            );
        }
        foreach (var space in queue.Namespaces.Where(n => n.HasQuota || n.Share != 1))
        {
            var quota = space.HasQuota ? $" of {space.Quota} that it may have" : "";
            await terminal.Error.WriteLineAsync($"namespace {space.Name}: {space.WorkerCount} workers{quota}, share {space.Share}");
        }
        await terminal.Error.WriteLineAsync($"{queue.FreeWorkerCount} of {queue.WorkerCount} workers are free");
    }

    private static string[] Row(QueuedJob job, DateTimeOffset now) =>
        [
            job.Position > 0 ? $"{job.Position}" : "-",
            job.JobId,
            job.Namespace,
            $"{job.Priority}",
            job.State.Word(),
            $"{job.WorkerCount} ({job.NeededWorkerCount} to {job.MaxWorkerCount})",
            job.QueueTime is { } since ? Text.Of(now - since.ToDateTimeOffset()) : "-",
            job.Reason.Length > 0 ? job.Reason : "-",
        ];
}
