using TrainingCluster.Cli;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos.Goodput;

/// <summary>
/// Trains the same job three times, with the same number of steps: undisturbed, under faults, undisturbed. What the machine does beside
/// is seen in the two that should be alike.
/// </summary>
internal sealed class GoodputRun(Terminal terminal, GoodputOptions options, string folder)
{
    private const int WarmUpSteps = 300;
    private static readonly TimeSpan s_stuck = 2 * ChaosContext.Timeout;
    private readonly List<RoundRun> _rounds = [];
    private readonly List<string> _surprises = [];

    /// <summary>
    /// 1. starts everything, and trains a short job that warms it up and tells how many steps to take; 2. trains undisturbed; 3. under
    /// faults; 4. starts whoever is missing, warms up once more, since some programs are new, and trains undisturbed again.
    /// </summary>
    public async Task<GoodputReport> RunAsync(CancellationToken cancellationToken)
    {
        // 1.
        await using var stage = new ChaosStage(terminal, folder);
        var warm = await stage.StartAsync(Recipe(WarmUpSteps), options.Workers, options.Faults, null, cancellationToken);
        var warmed = await TrainAsync(warm, "warm-up", cancellationToken);
        var steps =
            options.Steps ?? (int)Math.Max(WarmUpSteps, Math.Round(warmed.StepsPerSecond * options.Length.TotalSeconds / 100) * 100);
        var context = warm with { Jobs = warm.Jobs.Of(WithDataset(Recipe(steps), warm.Jobs.Spec)), Job = (steps, CheckpointEvery) };
        // 2.
        var before = await TrainAsync(context, "undisturbed", cancellationToken);
        // 3.
        var (began, events) = (context.Time.GetTimestamp(), context.Jobs.EventCount);
        var startsBefore = context.Cluster.StartedFor;
        var disturbed = await DisturbAsync(context, cancellationToken);
        var took = context.Time.GetElapsedTime(began);
        var started = context.Cluster.StartedFor - startsBefore;
        var generations = context.Jobs.Events(events).Where(told => told.Generation is not null).ToList();
        // 4.
        await ComeBackAsync(context, cancellationToken);
        await TrainAsync(warm, "warm-up", cancellationToken);
        var after = await TrainAsync(context, "undisturbed", cancellationToken);
        var undisturbed = (before.StepsPerSecond + after.StepsPerSecond) / 2;
        return new GoodputReport
        {
            Before = before,
            Disturbed = disturbed,
            After = after,
            Faults = undisturbed > 0 ? GoodputFault.Of(_rounds, context.Steps.Reached(disturbed.Job.Id), generations, undisturbed) : [],
            StartedSeconds = started.TotalSeconds,
            ProcessorSeconds = Environment.ProcessorCount * took.TotalSeconds,
            Surprises = _surprises,
            Least = options.Least / 100,
        };
    }

    private const int CheckpointEvery = 500;

    private JobSpec Recipe(int steps)
    {
        // Longer between evaluations and checkpoints than in a run for faults alone: they are the same with and without faults.
        var spec = ChaosRecipe.Create(options.Seed, steps);
        spec.Name = "goodput";
        spec.Evaluation.EverySteps = 1000;
        spec.Checkpoint.EverySteps = CheckpointEvery;
        return spec;
    }

    private static JobSpec WithDataset(JobSpec spec, JobSpec prepared)
    {
        spec.Dataset = prepared.Dataset.Clone();
        return spec;
    }

    private async Task<GoodputJob> TrainAsync(ChaosContext context, string name, CancellationToken cancellationToken)
    {
        var job = await Activity.RunAsync(terminal, $"training {name}", _ => context.Jobs.RunAsync(cancellationToken));
        return await ToldAsync(context, job, name);
    }

    private async Task<GoodputJob> ToldAsync(ChaosContext context, JobRun job, string name)
    {
        var reached = context.Steps.Reached(job.Id);
        var rate = reached.Count < 2 ? 0 : (reached[^1].Step - reached[0].Step) / (reached[^1].At - reached[0].At).TotalSeconds;
        await terminal.Error.WriteLineAsync(
            Text.Invariant(
                $"{name}: {job.State.Word()} after {job.Steps} steps, {60 * rate:F0} steps/min, weights_sha256 {job.WeightsSha256}"
            )
        );
        return new GoodputJob(job, rate);
    }

    /// <summary>One job, and faults until it ends. The one that is under way then is undone, and does not count.</summary>
    private async Task<GoodputJob> DisturbAsync(ChaosContext context, CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var job = context.Jobs.RunAsync(linked.Token);
        var faults = FaultsAsync(context, linked.Token);
        var stuck = context.Steps.StandsStillAsync(s_stuck, linked.Token);
        var first = await Task.WhenAny(job, stuck);
        var failed = faults.IsFaulted;
        await linked.CancelAsync();
        await Task.WhenAll(job, faults, stuck).ContinueWith(_ => { }, TaskScheduler.Default);
        cancellationToken.ThrowIfCancellationRequested();
        if (failed)
        {
            await faults;
        }
        if (first == stuck)
        {
            throw new CliException($"no step for {Text.Of(s_stuck)}: job {context.Jobs.Current} was given up at step {context.Jobs.Step}");
        }
        return await ToldAsync(context, await job, "disturbed");
    }

    private async Task FaultsAsync(ChaosContext context, CancellationToken cancellationToken)
    {
        var rounds = new FaultRounds(terminal, context, aimed: false, _surprises);
        // More than there is time for: the job's end ends them.
        var plans = FaultPlan.Draw(options.Faults, 100 + (int)(10 * options.Length / options.Every), options.Seed);
        await foreach (var round in rounds.RunAsync(plans, options.Every, cancellationToken))
        {
            _rounds.Add(round);
        }
    }

    private async Task ComeBackAsync(ChaosContext context, CancellationToken cancellationToken)
    {
        foreach (var number in Enumerable.Range(1, options.Workers).Except(context.Cluster.Workers.Select(worker => worker.Place)))
        {
            context.Cluster.StartWorker(number);
        }
        foreach (var name in await context.Cluster.MissingAsync(ChaosContext.Timeout, cancellationToken))
        {
            _surprises.Add($"{name} runs, but was not back with the coordinator {Text.Of(ChaosContext.Timeout)} after the last fault");
        }
    }
}
