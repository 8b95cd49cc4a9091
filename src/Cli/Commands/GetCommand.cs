using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>get</c>: one job as it is now.</summary>
internal static class GetCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = SharedOptions.JobId();
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("get", "Show one job: state, progress, result. --json shows its specification too.")
        {
            id,
            coordinator,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var connection = new ClusterConnection(parsed.GetValue(coordinator)!, terminal.Time);
                var request = new GetJobRequest { Id = parsed.GetValue(id) };
                var job = await connection.CallAsync(options => connection.Jobs.GetJobAsync(request, options), cancellationToken);
                await WriteAsync(terminal, job, parsed.GetValue(json));
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    /// <summary>Writes the job to the output.</summary>
    public static async Task WriteAsync(Terminal terminal, Job job, bool json)
    {
        if (json)
        {
            await terminal.Out.WriteLineAsync(MessageJson.Of(job));
            return;
        }
        var progress = job.Progress ?? new JobProgress();
        var rows = new (string Name, string Value)[]
        {
            ("id", job.Id),
            ("name", job.Spec.Name),
            ("state", job.State.Word() + (job.Reason.Length > 0 ? $" ({job.Reason})" : "")),
            ("labels", string.Join(", ", job.Labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"))),
            ("created", At(job.CreateTime)),
            ("started", At(job.StartTime)),
            ("ended", At(job.EndTime)),
            ("progress", progress.Step > 0 ? JobProgressView.Figures(progress) : ""),
            ("best BLEU", progress.BestBleu > 0 ? Text.Invariant($"{progress.BestBleu:F2} at step {progress.BestStep}") : ""),
            ("dataset", job.Spec.Dataset?.Fingerprint ?? ""),
            ("arithmetic", job.Arithmetic?.ToText() ?? ""),
            ("trace id", job.TraceId),
            ("weights", job.WeightsSha256),
        };
        foreach (var (name, value) in rows.Where(row => row.Value.Length > 0))
        {
            await terminal.Out.WriteLineAsync($"{name, -10} {value}");
        }
    }

    private static string At(Timestamp? time) => time is null ? "" : Text.Invariant($"{time.ToDateTime():yyyy-MM-dd HH:mm:ss}Z");
}
