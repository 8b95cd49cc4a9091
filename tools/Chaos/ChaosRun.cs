using TrainingCluster.Cli;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos;

/// <summary>Trains the same job without and with faults.</summary>
internal sealed class ChaosRun(Terminal terminal, ChaosOptions options, string folder)
{
    private readonly List<RoundRun> _rounds = [];
    private readonly List<JobRun> _jobs = [];
    private readonly List<string> _surprises = [];

    /// <summary>
    /// 1. makes the text; 2. starts links, disk and processes; 3. trains undisturbed; 4. trains again and again until all
    /// faults are done, one after another; 5. waits for all workers to be back.
    /// </summary>
    public async Task<ChaosReport> RunAsync(CancellationToken cancellationToken)
    {
        // 1. and 2.
        await using var stage = new ChaosStage(terminal, folder);
        var context = await stage.StartAsync(
            ChaosRecipe.Create(options.Seed, options.Steps, options.InnerSteps),
            options.Workers,
            options.Faults,
            options.Tls,
            cancellationToken
        );
        // 3.
        var undisturbed = await Activity.RunAsync(terminal, "training undisturbed", _ => context.Jobs.RunAsync(cancellationToken));
        await terminal.Error.WriteLineAsync(
            $"undisturbed: {undisturbed.State.Word()} after {undisturbed.Steps} steps, weights_sha256 {undisturbed.WeightsSha256}"
        );
        // 4.
        context.Jobs.Spec.Training.OptimizerSharding = options.OptimizerSharding;
        // 5.
        if (await TrainAsync(context, cancellationToken))
        {
            foreach (var name in await context.Cluster.MissingAsync(ChaosContext.Timeout, cancellationToken))
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
        var rounds = new FaultRounds(terminal, context, aimed: options.Every is null, _surprises);
        var plans = FaultPlan.Draw(options.Faults, options.Rounds, options.Seed);
        await foreach (var round in rounds.RunAsync(plans, options.Every, cancellationToken))
        {
            _rounds.Add(round);
        }
    }
}
