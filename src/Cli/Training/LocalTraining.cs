using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
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

    /// <summary>What else is done while the cluster lives.</summary>
    public sealed record Company
    {
        /// <summary>When its processes are up.</summary>
        public Func<LocalCluster, Task> Started { get; init; } = _ => Task.CompletedTask;

        /// <summary>When the model is there. The cluster ends when this does.</summary>
        public Func<LocalCluster, Outcome, CancellationToken, Task> Trained { get; init; } = (_, _, _) => Task.CompletedTask;

        /// <summary>Whether the job's checkpoints are kept for a next run, should this one be broken off.</summary>
        public bool KeepsCheckpoints { get; init; } = true;
    }

    /// <summary>
    /// 1. prepares the dataset; 2. starts the processes and uploads it; 3. submits the job over gRPC; 4. follows it to its
    /// end; 5. fetches the model folder; 6. stops everything. A worker that dies on the way is reported; the others go on.
    /// Where the processes' folder holds the same job from an earlier run, that one is followed instead (<see cref="EarlierJobs"/>).
    /// </summary>
    /// <param name="terminal">Shows progress.</param>
    /// <param name="options">The processes.</param>
    /// <param name="spec">The job, without its dataset's fingerprint.</param>
    /// <param name="text">What to make the dataset of.</param>
    /// <param name="folder">Where the model folder goes.</param>
    /// <param name="json">True: the job's events go to the output as JSON.</param>
    /// <param name="cancellationToken">Stops everything; nothing is left behind but a finished model, or a job with checkpoints.</param>
    /// <param name="company">Null: nothing.</param>
    /// <exception cref="CliException">
    /// The job did not succeed, or a process could not start or died. A job that had a checkpoint can go on then: the message says how.
    /// </exception>
    /// <exception cref="InterruptedException">It was cancelled, and the job had a checkpoint.</exception>
    public static async Task<Outcome> RunAsync(
        Terminal terminal,
        LocalClusterOptions options,
        JobSpec spec,
        DatasetOptions text,
        string folder,
        bool json,
        CancellationToken cancellationToken,
        Company? company = null
    )
    {
        ArgumentNullException.ThrowIfNull(terminal);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(spec);
        var began = terminal.Time.GetTimestamp();
        // 1. Before anything is started: text that cannot be used should be told at once.
        using var temporary = new TemporaryFolder();
        var dataset = Path.Combine(temporary.Path, "dataset");
        await JobSubmission.PrepareAsync(terminal, spec, text, dataset, cancellationToken);
        // 2.
        var title = $"starting a coordinator and {options.Workers} worker{(options.Workers == 1 ? "" : "s")}";
        await using var cluster = await Activity.RunAsync(
            terminal,
            title,
            _ => LocalCluster.StartAsync(options, terminal.Time, cancellationToken)
        );
        company ??= new();
        await company.Started(cluster);
        using var connection = cluster.Connect();
        string? unfinished = null;
        try
        {
            // 6. is the cluster's disposal.
            return await cluster.WhileAliveAsync(
                TrainAsync,
                program => terminal.Error.WriteLine($"{program.Ended().Message}\nthe others go on"),
                cancellationToken
            );
        }
        catch (Exception exception)
            when ((exception is CliException || cancellationToken.IsCancellationRequested) && HowToGoOn() is { } help)
        {
            cluster.KeepFolder();
            if (cancellationToken.IsCancellationRequested)
            {
                throw new InterruptedException(help, exception);
            }
            var failure = (CliException)exception;
            throw new CliException($"{failure.Message}\n{help}", failure)
            {
                ExitCode = failure.ExitCode,
                Code = failure.Code,
                Help = help,
            };
        }

        string? HowToGoOn() =>
            company.KeepsCheckpoints && unfinished is { } id && cluster.NewestCheckpoint(id) is { } step
                ? $"step {step} is kept, or a newer one: the same command with --work-dir {cluster.Folder} goes on from there"
                : null;

        async Task<Outcome> TrainAsync(CancellationToken cancellationToken)
        {
            var earlier = options.Folder is { } kept
                ? await EarlierJobs.FindAsync(terminal, connection, spec, kept, cancellationToken)
                : null;
            if (earlier is null)
            {
                await JobSubmission.UploadAsync(terminal, connection, dataset, spec.Dataset.Fingerprint, cancellationToken);
            }
            var prepared = terminal.Time.GetTimestamp();
            // 3.
            var job = earlier ?? await JobSubmission.CreateAsync(connection, spec, requestId: null, cancellationToken);
            // 4.
            unfinished = job.Id;
            var end = await JobFollowing.FollowAsync(terminal, connection, job.Id, "", known: true, json, cancellationToken);
            unfinished = null;
            if (end.State != JobState.Succeeded)
            {
                throw end.Failure(job.Id);
            }
            var trained = terminal.Time.GetTimestamp();
            // 5.
            await DeliverAsync(terminal, cluster, connection, job.Id, folder, cancellationToken);
            job = await connection.CallAsync(
                call => connection.Jobs.GetJobAsync(new GetJobRequest { Id = job.Id }, call),
                cancellationToken
            );
            var outcome = new Outcome(job, terminal.Time.GetElapsedTime(began, prepared), terminal.Time.GetElapsedTime(prepared, trained));
            await company.Trained(cluster, outcome, cancellationToken);
            return outcome;
        }
    }

    /// <summary>Refuses a job that the processes could never run: nobody else can join them, or resume it.</summary>
    /// <param name="options">The processes.</param>
    /// <param name="spec">The job, with every field filled in.</param>
    /// <exception cref="CliException">It would wait for ever, or leave workers without work.</exception>
    public static void Require(LocalClusterOptions options, JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(spec);
        if (options.Workers > spec.Training.LogicalShards)
        {
            throw CliException.BadUsage(
                $"--workers {options.Workers}: a job has {spec.Training.LogicalShards} logical shards to share out; use fewer "
                    + "workers, or raise training.logicalShards in --job"
            );
        }
        if (options.Workers < spec.Workers.Min)
        {
            throw CliException.BadUsage(
                $"--workers {options.Workers}: the job waits for {spec.Workers.Min} (workers.min), and there will be no more; use "
                    + $"--workers {spec.Workers.Min}, or lower workers.min in --job"
            );
        }
        if (spec.Suspend)
        {
            throw CliException.BadUsage("suspend: true in --job: nobody could resume the job here; leave it out, or use 'up' and 'submit'");
        }
    }

    /// <summary>Fetches the model. Where that fails, what hours of work have made stays where it is, and is named.</summary>
    private static async Task DeliverAsync(
        Terminal terminal,
        LocalCluster cluster,
        ClusterConnection connection,
        string id,
        string folder,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await ArtifactDownload.ReceiveAsync(connection, id, folder, cancellationToken);
        }
        catch (Exception exception)
        {
            cluster.KeepFolder();
            var kept = $"the model is kept in {cluster.ModelFolder(id)}";
            if (cancellationToken.IsCancellationRequested)
            {
                throw new InterruptedException(kept, exception);
            }
            throw new CliException($"{folder} did not get the model: {exception.Message}\n{kept}", exception)
            {
                ExitCode = (exception as CliException)?.ExitCode ?? ExitCodes.Failed,
                Help = kept,
            };
        }
    }
}
