using System.CommandLine;
using Grpc.Core;
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
        var folder = SharedOptions.Folder(
            "--out",
            "With --wait: bring the model into this folder when the job has succeeded, as 'artifacts' does."
        );
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the model that is there." };
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
            folder,
            overwrite,
            requestId,
            labels,
            dryRun,
            coordinator,
            json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(folder) is not null && !result.GetValue(wait))
            {
                result.AddError("--out needs --wait: the model is there when the job has succeeded");
            }
            else if (result.GetValue(overwrite) && result.GetResult(folder) is null)
            {
                result.AddError("--overwrite needs --out DIR");
            }
        });
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(dryRun))
                {
                    return JobDryRun.RunAsync(
                        terminal,
                        parsed.GetValue(file)!,
                        FolderOf(parsed.GetValue(file)!),
                        parsed.GetValue(labels)!,
                        parsed.GetValue(coordinator)!,
                        parsed.GetValue(json),
                        cancellationToken
                    );
                }
                var target = parsed.GetValue(folder);
                if (target is not null)
                {
                    OutputFolder.RequireModel(target, parsed.GetValue(overwrite));
                }
                var options = new Options(
                    parsed.GetValue(file)!,
                    parsed.GetValue(wait),
                    target,
                    parsed.GetValue(requestId),
                    parsed.GetValue(labels)!,
                    parsed.GetValue(coordinator)!,
                    parsed.GetValue(json)
                );
                return RunAsync(terminal, options, cancellationToken);
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, Options options, CancellationToken cancellationToken)
    {
        var spec = JobSubmission.Read(options.File);
        using var connection = new ClusterConnection(options.Coordinator, terminal.Time);
        // Asked before the dataset is prepared: a wrong address should not cost minutes.
        await connection.CallAsync(call => connection.Jobs.GetClusterAsync(new(), call), cancellationToken);
        var dataset = JobSpecDefaults.Fill(spec).Dataset;
        var text = dataset.HasSource ? DatasetPreparation.OptionsOf(dataset, FolderOf(options.File)) : null;
        await JobSubmission.BringDatasetAsync(terminal, connection, spec, text, cancellationToken);
        var job = await JobSubmission.CreateAsync(connection, spec, options.RequestId, cancellationToken, options.Labels);
        await terminal.Out.WriteLineAsync(options.Json ? MessageJson.Of(job) : $"job {job.Id} {job.State.Word()}");
        await terminal.Out.FlushAsync(cancellationToken);
        if (!options.Wait)
        {
            return ExitCodes.Succeeded;
        }
        var status = await WatchCommand.FollowAsync(
            terminal,
            connection,
            job.Id,
            "",
            known: true,
            options.Json,
            cancellationToken,
            options.Folder
        );
        if (status == ExitCodes.Succeeded && options.Folder is { } folder)
        {
            await DeliverAsync(terminal, connection, job.Id, folder, options.Json, cancellationToken);
        }
        return status;
    }

    /// <summary>Brings the model. What fails or is broken off here can be done again: the coordinator has it.</summary>
    private static async Task DeliverAsync(
        Terminal terminal,
        ClusterConnection connection,
        string id,
        string folder,
        bool json,
        CancellationToken cancellationToken
    )
    {
        var again = $"{connection.Command($"artifacts {id} --out {folder}")} fetches it";
        try
        {
            await ArtifactDownload.ReceiveAsync(connection, id, folder, cancellationToken);
        }
        catch (Exception exception)
            when (cancellationToken.IsCancellationRequested && exception is OperationCanceledException or RpcException)
        {
            throw new InterruptedException($"job {id} has succeeded, and its model is not here: {again}", exception);
        }
        catch (Exception exception) when (exception is CliException or IOException or UnauthorizedAccessException)
        {
            throw new CliException($"job {id} has succeeded, but {folder} did not get its model: {exception.Message}\n{again}", exception)
            {
                ExitCode = (exception as CliException)?.ExitCode ?? ExitCodes.Failed,
                Code = (exception as CliException)?.Code,
                Help = again,
            };
        }
        if (!json)
        {
            await terminal.Out.WriteLineAsync($"{folder}: the model");
        }
    }

    /// <summary>Where the file names of a job start: what comes through a pipe lies in no folder of its own.</summary>
    private static string FolderOf(string file)
    {
        var full = Path.GetFullPath(file);
        return full.StartsWith("/dev/", StringComparison.Ordinal) || full.StartsWith("/proc/", StringComparison.Ordinal)
            ? Directory.GetCurrentDirectory()
            : Path.GetDirectoryName(full)!;
    }

    private sealed record Options(
        string File,
        bool Wait,
        string? Folder,
        string? RequestId,
        IReadOnlyList<KeyValuePair<string, string>> Labels,
        string Coordinator,
        bool Json
    );
}
