using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Errors;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Training;

/// <summary>A submission that only asks the coordinator what would become of it.</summary>
public static class JobDryRun
{
    private const string DatasetMissing = "DATASET_MISSING";

    /// <summary>Prepares the dataset where the job names text, and has the coordinator check the job.</summary>
    /// <param name="terminal">Shows progress, and the outcome.</param>
    /// <param name="file">The job file.</param>
    /// <param name="folder">Where its file names start.</param>
    /// <param name="labels">Of the job.</param>
    /// <param name="coordinator">Its address.</param>
    /// <param name="json">True: the job as it would be, as JSON.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CliException">The job would be refused.</exception>
    public static async Task<int> RunAsync(
        Terminal terminal,
        string file,
        string folder,
        IReadOnlyList<KeyValuePair<string, string>> labels,
        string coordinator,
        bool json,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(terminal);
        var spec = JobSubmission.Read(file);
        using var connection = new ClusterConnection(coordinator, terminal.Time);
        // Asked before the dataset is prepared: a wrong address should not cost minutes.
        await connection.CallAsync(options => connection.Jobs.GetClusterAsync(new(), options), cancellationToken);
        var dataset = JobSpecDefaults.Fill(spec).Dataset;
        if (dataset.HasSource)
        {
            using var temporary = new TemporaryFolder();
            var options = DatasetPreparation.OptionsOf(dataset, folder);
            await JobSubmission.PrepareAsync(terminal, spec, options, Path.Combine(temporary.Path, "dataset"), cancellationToken);
        }
        var request = new CreateJobRequest { Spec = spec, ValidateOnly = true };
        request.Labels.Add(labels.ToDictionary());
        Job? job = null;
        try
        {
            job = await connection.CallAsync(options => connection.Jobs.CreateJobAsync(request, options), cancellationToken);
        }
        catch (CliException e)
            when (dataset.HasSource
                && e.InnerException is RpcException missing
                && RpcErrorDetails.Find<ErrorInfo>(missing) is { Reason: DatasetMissing }
            )
        {
            // Everything else was checked before; a submission brings it.
        }
        var upload = job is null ? "; its dataset would be uploaded" : "";
        await terminal.Out.WriteLineAsync(
            json ? MessageJson.Of(job ?? new Job { Spec = JobSpecDefaults.Fill(spec) }) : $"the job would be taken{upload}"
        );
        return ExitCodes.Succeeded;
    }
}
