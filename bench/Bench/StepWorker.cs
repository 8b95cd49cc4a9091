using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Hosting;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Sharding;
using TrainingCluster.Worker.Training;
using static TorchSharp.torch;

namespace TrainingCluster.Bench;

/// <summary>One worker process of <see cref="StepBench"/>: the program's own training loop on made-up batches.</summary>
internal static class StepWorker
{
    public const string Name = "step-worker";

    public static readonly Option<string> Kind = new("--kind")
    {
        Description = "Model: transformer or recurrent-attention (the peers are always the first).",
        DefaultValueFactory = _ => "transformer",
    };
    public static readonly Option<string> Positions = new("--positions")
    {
        Description = "The transformer's positions: sinusoidal, learned, rotary or none (the peers' are always the first).",
        DefaultValueFactory = _ => "sinusoidal",
    };
    public static readonly Option<int> InnerSteps = new("--inner-steps")
    {
        Description = "DiLoCo with rounds of so many steps; --steps and --warmup are then rounds. 0: an exchange in every step.",
        DefaultValueFactory = _ => 0,
    };
    public static readonly Option<string> Shared = ProgramOptions.SharedMemory();
    public static readonly Option<bool> Sharding = new("--optimizer-sharding")
    {
        Description = "Share out the optimizer's state (training.optimizerSharding).",
    };
    private static readonly Option<int> s_rank = new("--rank");

    public static Command Command()
    {
        var command = new Command(Name) { s_rank, Kind, Positions, Shared, InnerSteps, Sharding };
        command.Hidden = true;
        StepShape.AddTo(command);
        command.SetAction(WorkAsync);
        return command;
    }

    private static async Task<int> WorkAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ComputeDevice.Require(parsed.GetValue(StepShape.Device)!);
        await using var member = await BenchMember.StartAsync(parsed.GetValue(s_rank), parsed.GetValue(Shared) == ProgramOptions.On);
        var workers = member.Addresses.Length;
        var spec = new JobSpec
        {
            Model = new ModelSpec
            {
                Kind = parsed.GetValue(Kind),
                Positions = parsed.GetValue(Positions),
                DModel = parsed.GetValue(StepShape.D),
                Layers = parsed.GetValue(StepShape.Layers),
                Heads = parsed.GetValue(StepShape.Heads),
                FeedForward = parsed.GetValue(StepShape.FeedForward),
                Dropout = 0.1,
                AttentionDropout = 0.1,
            },
            Training = new TrainingSpec
            {
                Steps = long.MaxValue,
                LogicalShards = workers,
                ComputeThreads = parsed.GetValue(StepShape.Threads),
                Precision = parsed.GetValue(StepShape.Precision),
                LearningRate = 1e-4,
                Schedule = "constant",
                WarmupSteps = 0,
                OptimizerSharding = parsed.GetValue(Sharding),
            },
        };
        if (parsed.GetValue(InnerSteps) is > 0 and var innerSteps)
        {
            (spec.Training.Synchronization, spec.Training.InnerSteps) = (Rounds.DiLoCo, innerSteps);
        }
        var batches = StepShape.Batches(parsed);
        var shared = member.Host.Options.SharedMemory ? SharedBuffers.TryCreate(NullLogger.Instance) : null;
        using var job = TrainingJob.Create(
            spec,
            batches,
            parsed.GetValue(StepShape.Vocabulary),
            new Device(parsed.GetValue(StepShape.Device)),
            shared
        );
        var (loop, group) = TrainingLoop.Create(job, member.Plan(1), member.Host.Options, TimeProvider.System, NullLogger.Instance);
        member.Host.Open(group);
        var results = new List<StepResult>();
        var (sent, before) = (0L, 0L);
        var step = await MainArenaThread.RunAsync(() =>
        {
            group.Connect(StateAgreement.Of(job, group.Plan));
            if (job.ShardsOptimizer)
            {
                job.State.KeepMoments(ShareLayout.Of(job.State.Moments.Length, group.Plan).RangesOf(group.Plan.OwnRank));
            }
            var median = StepShape.MedianMilliseconds(
                parsed,
                () =>
                {
                    before = results.Count == parsed.GetValue(StepShape.Warmup) ? group.Links.SentBytes : before;
                    results.Add(loop.Step());
                    return results[^1].Total / results[^1].Steps;
                },
                cancellationToken
            );
            sent = group.Links.SentBytes - before;
            group.Barrier();
            return median;
        });
        await group.DisposeAsync();
        var measured = results.Skip(parsed.GetValue(StepShape.Warmup)).ToList();
        double Median(Func<StepResult, TimeSpan> part) =>
            BenchTable.Median(measured.Select(result => part(result).TotalMilliseconds / result.Steps));
        new StepTimes(
            step,
            workers * batches.Tokens / step * 1e3,
            Median(result => result.Compute),
            Median(result => result.Exchange),
            Median(result => result.Update - result.Gather),
            Median(result => result.Gather),
            job.State.Moments.Bytes / 1e6,
            sent / 1e6 / measured.Sum(result => result.Steps),
            BenchTable.PeakMegabytes()
        ).Write();
        return 0;
    }
}
