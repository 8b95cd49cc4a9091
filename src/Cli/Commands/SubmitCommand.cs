using System.CommandLine;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Training;
using TrainingCluster.Jobs;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>submit</c>: a job file to a running cluster.</summary>
internal static class SubmitCommand
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("JOB")
        {
            Description =
                "The job file (YAML); file names in it start from its folder, those of a job from a pipe from the working folder.",
        };
        var wait = new Option<bool>("--wait")
        {
            Description = "Follow the job to its end; the exit status says how it ended (0 succeeded, 1 failed, 3 cancelled).",
        };
        var requestId = new Option<string?>("--request-id")
        {
            Description = "Submit only once: the same id and job give the same job. Default: a new id.",
            HelpName = "ID",
        };
        var labels = new LabelOption("A label for the job, to find it by ('jobs --filter'); may be given several times.");
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Only check: the coordinator says what would become of the job, and nothing is uploaded or made.",
        };
        var coordinator = SharedOptions.Coordinator();
        var json = SharedOptions.Json();
        var command = new Command("submit", "Submit a job: prepares and uploads its dataset where the coordinator has none yet.")
        {
            file,
            wait,
            requestId,
            labels,
            dryRun,
            coordinator,
            json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                parsed.GetValue(dryRun)
                    ? JobDryRun.RunAsync(
                        terminal,
                        parsed.GetValue(file)!,
                        FolderOf(parsed.GetValue(file)!),
                        parsed.GetValue(labels)!,
                        parsed.GetValue(coordinator)!,
                        parsed.GetValue(json),
                        cancellationToken
                    )
                    : RunAsync(
                        terminal,
                        parsed.GetValue(file)!,
                        parsed.GetValue(wait),
                        parsed.GetValue(requestId),
                        parsed.GetValue(labels)!,
                        parsed.GetValue(coordinator)!,
                        parsed.GetValue(json),
                        cancellationToken
                    )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        string file,
        bool wait,
        string? requestId,
        IReadOnlyList<KeyValuePair<string, string>> labels,
        string coordinator,
        bool json,
        CancellationToken cancellationToken
    )
    {
        var spec = JobSubmission.Read(file);
        using var connection = new ClusterConnection(coordinator, terminal.Time);
        // Asked before the dataset is prepared: a wrong address should not cost minutes.
        await connection.CallAsync(options => connection.Jobs.GetClusterAsync(new(), options), cancellationToken);
        var dataset = JobSpecDefaults.Fill(spec).Dataset;
        var text = dataset.HasSource ? DatasetPreparation.OptionsOf(dataset, FolderOf(file)) : null;
        await JobSubmission.BringDatasetAsync(terminal, connection, spec, text, cancellationToken);
        var job = await JobSubmission.CreateAsync(connection, spec, requestId, cancellationToken, labels);
        await terminal.Out.WriteLineAsync(json ? MessageJson.Of(job) : $"job {job.Id} {job.State.Word()}");
        await terminal.Out.FlushAsync(cancellationToken);
        return wait
            ? await WatchCommand.FollowAsync(terminal, connection, job.Id, "", known: true, json, cancellationToken)
            : ExitCodes.Succeeded;
    }

    /// <summary>Where the file names of a job start: what comes through a pipe lies in no folder of its own.</summary>
    private static string FolderOf(string file)
    {
        var full = Path.GetFullPath(file);
        return full.StartsWith("/dev/", StringComparison.Ordinal) || full.StartsWith("/proc/", StringComparison.Ordinal)
            ? Directory.GetCurrentDirectory()
            : Path.GetDirectoryName(full)!;
    }
}
