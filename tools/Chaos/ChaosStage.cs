using TrainingCluster.Chaos.Strangers;
using TrainingCluster.Cli;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Cli.Training;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos;

/// <summary>All that a run needs on this machine, from its making to its end: text, links, disk and processes.</summary>
/// <param name="terminal">Is told what is done.</param>
/// <param name="folder">Gets the processes' files and logs.</param>
internal sealed class ChaosStage(Terminal terminal, string folder) : IAsyncDisposable
{
    private static readonly TimeSpan s_startWithin = TimeSpan.FromMinutes(3);
    private readonly Stack<object> _made = new();

    /// <summary>
    /// Makes the text and the dataset, then starts links, disk and processes, and returns when all workers are with the coordinator.
    /// </summary>
    /// <param name="spec">The job; its seed is the text's too.</param>
    /// <param name="workers">How many.</param>
    /// <param name="faults">What will be done to them.</param>
    /// <param name="tls">Folder of certificates. Null: no TLS.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="CliException">A worker did not join.</exception>
    public async Task<ChaosContext> StartAsync(
        JobSpec spec,
        int workers,
        IReadOnlyList<FaultKind> faults,
        string? tls,
        CancellationToken cancellationToken
    )
    {
        var time = terminal.Time;
        var text = Path.Combine(folder, "dates");
        DatesTask.Split(spec.Seed, train: 4000, validation: 100, heldOut: 1).Write(text);
        var dataset = Path.Combine(folder, "dataset");
        var prepare = DatasetPreparation.OptionsOf(
            JobSpecDefaults.Fill(spec).Dataset,
            new ParallelText(Path.Combine(text, "train.tsv"), null),
            new ParallelText(Path.Combine(text, "valid.tsv"), null)
        );
        await JobSubmission.PrepareAsync(terminal, spec, prepare, dataset, cancellationToken);
        var network = faults.Any(FaultCatalog.NeedsNetwork)
            ? Keep(await ChaosNetwork.CreateAsync(ChaosRecipe.LogicalShards + 3, cancellationToken))
            : null;
        var disk = faults.Contains(FaultKind.Disk)
            ? Keep(await SmallDisk.MountAsync(Path.Combine(folder, "coordinator"), cancellationToken))
            : null;
        var access = tls is null ? new ClientAccess(null, null) : LocalCertificates.Access(tls);
        var steps = new StepWatch(access, time);
        var clocks = faults.Contains(FaultKind.Clock) ? new ShiftedClocks(Path.Combine(folder, "run")) : null;
        var cluster = Keep(new ChaosCluster(folder, tls, access, network, clocks, steps, time));
        await terminal.Error.WriteLineAsync($"starting a coordinator and {workers} worker{(workers == 1 ? "" : "s")} ...");
        await cluster.StartCoordinatorAsync(cancellationToken);
        for (var number = 1; number <= workers; number++)
        {
            cluster.StartWorker(number);
        }
        if (await cluster.MissingAsync(s_startWithin, cancellationToken) is [var missing, ..])
        {
            throw new CliException($"{missing} did not join within {Text.Of(s_startWithin)}; logs: {Path.Combine(folder, "logs")}");
        }
        var connection = Keep(new ClusterConnection(cluster.Grpc, time, access));
        var http = Keep(new HttpClient(ChaosHttp.Handler(access)) { Timeout = Stranger.HangUp });
        await JobSubmission.UploadAsync(terminal, connection, dataset, spec.Dataset.Fingerprint, cancellationToken);
        return new ChaosContext
        {
            Cluster = cluster,
            Steps = steps,
            Jobs = new JobSubmitter(connection, spec, Path.Combine(folder, "logs", "events.jsonl"), time),
            Network = network,
            Disk = disk,
            Clocks = clocks,
            Workers = workers,
            Job = (spec.Training.Steps, spec.Checkpoint.EverySteps),
            Time = time,
            Http = http,
        };
    }

    /// <summary>Ends what was made, the newest first.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_made.TryPop(out var made))
        {
            switch (made)
            {
                case IAsyncDisposable slow:
                    await slow.DisposeAsync();
                    break;
                case IDisposable quick:
                    quick.Dispose();
                    break;
            }
        }
    }

    private T Keep<T>(T made)
        where T : class
    {
        _made.Push(made);
        return made;
    }
}
