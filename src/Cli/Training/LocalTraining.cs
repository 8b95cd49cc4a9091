using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Training;

/// <summary>One job from text to model folder on a cluster of this machine that lives as long as the job.</summary>
public static class LocalTraining
{
    /// <summary>What came out.</summary>
    /// <param name="Job">The job as the coordinator has it at the end.</param>
    /// <param name="Prepare">Time to prepare the dataset, start the processes and upload it.</param>
    /// <param name="Train">Time from the job's creation to its end.</param>
    public sealed record Outcome(Job Job, TimeSpan Prepare, TimeSpan Train);

    /// <summary>
    /// 1. prepares the dataset; 2. starts the processes and uploads it; 3. submits the job over gRPC; 4. follows it to its
    /// end; 5. fetches the model folder; 6. stops everything. A worker that dies on the way is reported; the others go on.
    /// </summary>
    /// <param name="terminal">Shows progress.</param>
    /// <param name="options">The processes.</param>
    /// <param name="spec">The job, without its dataset's fingerprint.</param>
    /// <param name="text">What to make the dataset of.</param>
    /// <param name="folder">Where the model folder goes.</param>
    /// <param name="json">True: the job's events go to the output as JSON.</param>
    /// <param name="cancellationToken">Stops everything; nothing is left behind.</param>
    /// <exception cref="CliException">The job did not succeed, or a process could not start or died.</exception>
    public static async Task<Outcome> RunAsync(
        Terminal terminal,
        LocalClusterOptions options,
        JobSpec spec,
        DatasetOptions text,
        string folder,
        bool json,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(terminal);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(spec);
        var began = terminal.Time.GetTimestamp();
        // 1. Before anything is started: text that cannot be used should be told at once.
        using var dataset = new TemporaryFolder();
        await JobSubmission.PrepareAsync(terminal, spec, text, dataset.Path, cancellationToken);
        // 2.
        var title = $"starting a coordinator and {options.Workers} worker{(options.Workers == 1 ? "" : "s")}";
        await using var cluster = await Activity.RunAsync(
            terminal,
            title,
            _ => LocalCluster.StartAsync(options, terminal.Time, cancellationToken)
        );
        using var connection = new ClusterConnection(cluster.Coordinator.Grpc, terminal.Time);
        // 6. is the cluster's disposal.
        return await cluster.WhileAliveAsync(
            TrainAsync,
            program => terminal.Error.WriteLine($"{program.Ended().Message}\nthe others go on"),
            cancellationToken
        );

        async Task<Outcome> TrainAsync(CancellationToken cancellationToken)
        {
            await JobSubmission.UploadAsync(terminal, connection, dataset.Path, spec.Dataset.Fingerprint, cancellationToken);
            var prepared = terminal.Time.GetTimestamp();
            // 3.
            var job = await JobSubmission.CreateAsync(connection, spec, requestId: null, cancellationToken);
            // 4.
            var end = await JobFollowing.FollowAsync(terminal, connection, job.Id, "", known: true, json, cancellationToken);
            if (end.State != JobState.Succeeded)
            {
                throw new CliException($"the job {end.State.Word()}: {end.Reason}") { ExitCode = end.State.ExitCode() };
            }
            var trained = terminal.Time.GetTimestamp();
            // 5.
            await ArtifactDownload.ReceiveAsync(connection, job.Id, folder, cancellationToken);
            job = await connection.CallAsync(
                call => connection.Jobs.GetJobAsync(new GetJobRequest { Id = job.Id }, call),
                cancellationToken
            );
            return new Outcome(job, terminal.Time.GetElapsedTime(began, prepared), terminal.Time.GetElapsedTime(prepared, trained));
        }
    }
}
