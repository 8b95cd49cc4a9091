using TrainingCluster.Chaos.Faults;
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

/// <summary>Trains the same job without and with faults.</summary>
internal sealed class ChaosRun(Terminal terminal, ChaosOptions options, string folder)
{
    private static readonly TimeSpan s_startWithin = TimeSpan.FromMinutes(3);
    private readonly List<RoundRun> _rounds = [];
    private readonly List<JobRun> _jobs = [];
    private readonly List<string> _surprises = [];

    /// <summary>
    /// 1. makes the text; 2. starts links, disk and processes; 3. trains undisturbed; 4. trains again and again until all
    /// faults are done, one after another; 5. waits for all workers to be back.
    /// </summary>
    public async Task<ChaosReport> RunAsync(CancellationToken cancellationToken)
    {
        var time = terminal.Time;
        // 1.
        var spec = ChaosRecipe.Create(options.Seed, options.Steps, options.InnerSteps);
        var text = Path.Combine(folder, "dates");
        DatesTask.Split(options.Seed, train: 4000, validation: 100, heldOut: 1).Write(text);
        var dataset = Path.Combine(folder, "dataset");
        var prepare = DatasetPreparation.OptionsOf(
            JobSpecDefaults.Fill(spec).Dataset,
            new ParallelText(Path.Combine(text, "train.tsv"), null),
            new ParallelText(Path.Combine(text, "valid.tsv"), null)
        );
        await JobSubmission.PrepareAsync(terminal, spec, prepare, dataset, cancellationToken);
        // 2.
        await using var network = options.Faults.Any(FaultCatalog.NeedsNetwork)
            ? await ChaosNetwork.CreateAsync(ChaosRecipe.LogicalShards + 3, cancellationToken)
            : null;
        await using var disk = options.Faults.Contains(FaultKind.Disk)
            ? await SmallDisk.MountAsync(Path.Combine(folder, "coordinator"), cancellationToken)
            : null;
        var access = options.Tls is { } tls ? LocalCertificates.Access(tls) : new ClientAccess(null, null);
        var steps = new StepWatch(access, time);
        var clocks = options.Faults.Contains(FaultKind.Clock) ? new ShiftedClocks(Path.Combine(folder, "run")) : null;
        await using var cluster = new ChaosCluster(folder, options.Tls, access, network, clocks, steps, time);
        await terminal.Error.WriteLineAsync($"starting a coordinator and {options.Workers} worker{(options.Workers == 1 ? "" : "s")} ...");
        await cluster.StartCoordinatorAsync(cancellationToken);
        for (var number = 1; number <= options.Workers; number++)
        {
            cluster.StartWorker(number);
        }
        if (await cluster.MissingAsync(s_startWithin, cancellationToken) is [var missing, ..])
        {
            throw new CliException($"{missing} did not join within {Text.Of(s_startWithin)}; logs: {Path.Combine(folder, "logs")}");
        }
        using var connection = new ClusterConnection(cluster.Grpc, time, access);
        using var http = new HttpClient(ChaosHttp.Handler(access)) { Timeout = Stranger.HangUp };
        await JobSubmission.UploadAsync(terminal, connection, dataset, spec.Dataset.Fingerprint, cancellationToken);
        var context = new ChaosContext
        {
            Cluster = cluster,
            Steps = steps,
            Jobs = new JobSubmitter(connection, spec, Path.Combine(folder, "logs", "events.jsonl"), time),
            Network = network,
            Disk = disk,
            Clocks = clocks,
            Workers = options.Workers,
            Job = (options.Steps, ChaosRecipe.CheckpointEvery),
            Time = time,
            Http = http,
        };
        // 3.
        var undisturbed = await Activity.RunAsync(terminal, "training undisturbed", _ => context.Jobs.RunAsync(cancellationToken));
        await terminal.Error.WriteLineAsync(
            $"undisturbed: {undisturbed.State.Word()} after {undisturbed.Steps} steps, weights_sha256 {undisturbed.WeightsSha256}"
        );
        // 4.
        spec.Training.OptimizerSharding = options.OptimizerSharding;
        // 5.
        if (await TrainAsync(context, cancellationToken))
        {
            foreach (var name in await cluster.MissingAsync(ChaosContext.Timeout, cancellationToken))
            {
                _surprises.Add($"{name} runs, but was not back with the coordinator {Text.Of(ChaosContext.Timeout)} after the last fault");
            }
        }
        return new ChaosReport
        {
            Undisturbed = undisturbed,
            Jobs = _jobs,
            Rounds = _rounds,
            PlannedRounds = options.Rounds,
            Surprises = _surprises,
        };
    }

    /// <summary>Jobs and faults side by side.</summary>
    /// <returns>False: training came to a standstill for good, and was given up.</returns>
    private async Task<bool> TrainAsync(ChaosContext context, CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var faults = FaultsAsync(context, linked.Token);
        var jobs = JobsAsync(context, faults, linked.Token);
        var stuck = context.Steps.StandsStillAsync(2 * ChaosContext.Timeout, linked.Token);
        var first = await Task.WhenAny(BothAsync(), jobs, stuck);
        await linked.CancelAsync();
        // They work on what is disposed of next.
        await Task.WhenAll(faults, jobs, stuck).ContinueWith(_ => { }, TaskScheduler.Default);
        cancellationToken.ThrowIfCancellationRequested();
        await first;
        if (first == stuck)
        {
            _surprises.Add(
                $"no step for {Text.Of(2 * ChaosContext.Timeout)}: job {context.Jobs.Current} was given up at step {context.Jobs.Step}"
            );
        }
        return first != stuck;

        // Ends with the jobs, or earlier if the faults cannot go on.
        async Task BothAsync()
        {
            await faults;
            await jobs;
        }
    }

    /// <summary>The same job until the faults are done; the last one is trained to its end.</summary>
    private async Task JobsAsync(ChaosContext context, Task faults, CancellationToken cancellationToken)
    {
        do
        {
            var job = await context.Jobs.RunAsync(cancellationToken);
            _jobs.Add(job);
            await terminal.Error.WriteLineAsync(
                $"job {job.Id} {job.State.Word()} in generation {job.Generations}, {Text.Of(TimeSpan.FromSeconds(job.Seconds))}, "
                    + $"weights_sha256 {job.WeightsSha256}{(job.State == JobState.Succeeded ? "" : $" ({job.Reason})")}"
            );
            // A job that fails at once would be submitted without end.
            if (_jobs.Count(run => run.State != JobState.Succeeded) >= 3)
            {
                throw new CliException($"three jobs did not succeed, the last one: {job.Reason}");
            }
        } while (!faults.IsCompleted);
        await faults;
    }

    private async Task FaultsAsync(ChaosContext context, CancellationToken cancellationToken)
    {
        var before = context.Time.GetTimestamp();
        foreach (var plan in FaultPlan.Draw(options.Faults, options.Rounds, options.Seed))
        {
            var gap = options.Every is { } every ? every - context.Time.GetElapsedTime(before) : plan.Gap;
            if (gap > TimeSpan.Zero)
            {
                await context.DelayAsync(gap, cancellationToken);
            }
            before = context.Time.GetTimestamp();
            // A fault should hit training, not the pause that another one left.
            var training = await context.RecoveryAsync(context.Time.GetTimestamp(), [], cancellationToken);
            var since = context.Time.GetTimestamp();
            var result = await training is null
                ? new FaultResult(null, null, "training stood still before it")
                : await FaultOf(plan.Kind).RunAsync(context, plan, cancellationToken);
            _rounds.Add(
                new RoundRun(
                    plan,
                    result.Proof,
                    result.Recovery?.TotalSeconds,
                    context.Steps.LongestStandstill(since).TotalSeconds,
                    result.Problem,
                    result.Way
                )
            );
            await terminal.Error.WriteLineAsync(ChaosView.Line(_rounds[^1], options.Rounds));
            foreach (var member in context.Cluster.EndedByThemselves().ToList())
            {
                _surprises.Add(
                    $"{member.Name} ended by itself with status {member.Program.ExitCode} about fault {plan.Round}: "
                        + $"{member.Program.LogTail(3)}"
                );
                await terminal.Error.WriteLineAsync(_surprises[^1]);
                if (member.Place > 0)
                {
                    context.Cluster.StartWorker(member.Place);
                }
                else
                {
                    await context.Cluster.StartCoordinatorAsync(cancellationToken);
                }
            }
            if (result.Recovery is null)
            {
                return;
            }
        }
    }

    private IFault FaultOf(FaultKind kind) =>
        kind switch
        {
            FaultKind.Kill => new KillFault(aimed: options.Every is null),
            FaultKind.Outage => new OutageFault(),
            FaultKind.Stop => new StopFault(),
            FaultKind.Join => new JoinFault(),
            FaultKind.Leave => new LeaveFault(),
            FaultKind.Coordinator => new CoordinatorFault(),
            FaultKind.Power => new PowerFault(),
            FaultKind.Damage => new DamageFault(),
            FaultKind.Slow => new SlowFault(),
            FaultKind.Disk => new DiskFault(),
            FaultKind.Partition => new PartitionFault(),
            FaultKind.Narrow => new NarrowFault(),
            FaultKind.Lossy => new LossyFault(),
            FaultKind.Garbage => new GarbageFault(),
            FaultKind.Clock => new ClockFault(),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
}
