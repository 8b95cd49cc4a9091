using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Hosting;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Sharding;
using TrainingCluster.Worker.Training;
using static TorchSharp.torch;

namespace TrainingCluster.Bench;

/// <summary>
/// One train step of fixed shapes: forward, backward, all-reduce, clipping, update, in the program's own training loop. Each worker
/// is a process with one micro-batch a step; the peer does the same with DistributedDataParallel.
/// </summary>
internal static class StepBench
{
    private const string WorkerName = "step-worker";

    private static readonly Option<int> s_d = Number("--d", 256, "Model width.");
    private static readonly Option<int> s_layers = Number("--layers", 3, "Blocks on each side.");
    private static readonly Option<int> s_heads = Number("--heads", 4, "Attention heads.");
    private static readonly Option<int> s_ffn = Number("--ffn", 1024, "Width of the feed-forward network.");
    private static readonly Option<int> s_vocab = Number("--vocab", 8000, "Vocabulary.");
    private static readonly Option<int> s_batch = Number("--batch", 64, "Sentence pairs a worker and step.");
    private static readonly Option<int> s_src = Number("--src", 24, "Source tokens a sentence.");
    private static readonly Option<int> s_tgt = Number("--tgt", 24, "Target tokens a sentence.");
    private static readonly Option<int> s_steps = Number("--steps", 20, "Measured steps.");
    private static readonly Option<int> s_warmup = Number("--warmup", 3, "Steps before the measured ones.");
    private static readonly Option<int> s_threads = Number("--threads", 1, "Compute threads of a worker.");
    private static readonly Option<string> s_precision = new("--precision")
    {
        Description = "Of matrix products: float32 or bfloat16 (the peer: autocast).",
        DefaultValueFactory = _ => "float32",
    };
    private static readonly Option<string> s_kind = new("--kind")
    {
        Description = "Model: transformer or recurrent-attention (the peer is always the first).",
        DefaultValueFactory = _ => "transformer",
    };
    private static readonly Option<int> s_rank = new("--rank");
    private static readonly Option<int[]> s_workers = BenchProcesses.WorkersOption(least: 1, [1, 2]);
    private static readonly Option<bool> s_peer = new("--peer") { Description = "Run PyTorch beside it." };
    private static readonly Option<string> s_python = BenchProcesses.PythonOption();
    private static readonly Option<string> s_device = new("--device")
    {
        Description = "Where to compute: cpu, cuda:0, ...",
        DefaultValueFactory = _ => "cpu",
        HelpName = "DEVICE",
    };
    private static readonly Option<string> s_shared = ProgramOptions.SharedMemory();
    private static readonly Option<bool> s_sharding = new("--optimizer-sharding")
    {
        Description = "Share out the optimizer's state (training.optimizerSharding).",
    };
    private static readonly Option<bool> s_json = new("--json") { Description = "Print JSON lines instead of a table." };

    private static readonly Option<int>[] s_shape =
    [
        s_d,
        s_layers,
        s_heads,
        s_ffn,
        s_vocab,
        s_batch,
        s_src,
        s_tgt,
        s_steps,
        s_warmup,
        s_threads,
    ];

    public static Command Command()
    {
        var command = new Command("step", "Time of a train step, by number of workers.")
        {
            s_workers,
            s_kind,
            s_precision,
            s_device,
            s_shared,
            s_sharding,
            s_peer,
            s_python,
            s_json,
        };
        foreach (var option in s_shape)
        {
            command.Add(option);
        }
        command.SetAction(RunAsync);
        return command;
    }

    public static Command WorkerCommand()
    {
        var command = new Command(WorkerName) { s_rank, s_kind, s_precision, s_device, s_shared, s_sharding };
        command.Hidden = true;
        foreach (var option in s_shape)
        {
            command.Add(option);
        }
        command.SetAction((parsed, cancelled) => WorkAsync(parsed, cancelled));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var arguments = s_shape
            .SelectMany(option => (string[])[option.Name, parsed.GetValue(option).ToString(CultureInfo.InvariantCulture)])
            .ToList();
        arguments.AddRange([s_precision.Name, parsed.GetValue(s_precision)!, s_device.Name, parsed.GetValue(s_device)!]);
        var table = new BenchTable(
            parsed.GetValue(s_json),
            "workers",
            "system",
            "step ms",
            "tokens/s",
            "compute ms",
            "exchange ms",
            "update ms",
            "gather ms",
            "moments MB",
            "peak MB",
            "ratio"
        );
        foreach (var workers in parsed.GetValue(s_workers)!)
        {
            var ours = JsonSerializer.Deserialize<StepTimes>(
                (
                    await BenchProcesses.RunWorkersAsync(
                        workers,
                        WorkerName,
                        [
                            .. arguments,
                            s_kind.Name,
                            parsed.GetValue(s_kind)!,
                            s_shared.Name,
                            parsed.GetValue(s_shared)!,
                            s_sharding.Name,
                            $"{parsed.GetValue(s_sharding)}",
                        ]
                    )
                )[^1]
            )!;
            StepTimes? theirs = null;
            if (
                parsed.GetValue(s_peer)
                && await BenchProcesses.RunPeerAsync(parsed.GetValue(s_python)!, "torch_step.py", ["--world", $"{workers}", .. arguments])
                    is { Count: > 0 } lines
            )
            {
                theirs = JsonSerializer.Deserialize<StepTimes>(lines[^1]);
            }
            table.Add(
                $"{workers}",
                "cluster",
                ours.step_ms,
                ours.tokens_per_second,
                ours.compute_ms,
                ours.exchange_ms,
                ours.update_ms,
                ours.gather_ms,
                ours.moments_mb,
                ours.peak_rss_mb,
                theirs is null ? null : ours.tokens_per_second / theirs.tokens_per_second
            );
            if (theirs is not null)
            {
                table.Add(
                    $"{workers}",
                    "PyTorch",
                    theirs.step_ms,
                    theirs.tokens_per_second,
                    null,
                    null,
                    null,
                    null,
                    null,
                    theirs.peak_rss_mb,
                    1.0
                );
            }
        }

        table.Print();
        return 0;
    }

    private static async Task<int> WorkAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        ComputeDevice.Require(parsed.GetValue(s_device)!);
        await using var member = await BenchMember.StartAsync(parsed.GetValue(s_rank), parsed.GetValue(s_shared) == ProgramOptions.On);
        var workers = member.Addresses.Length;
        var spec = new JobSpec
        {
            Model = new ModelSpec
            {
                Kind = parsed.GetValue(s_kind),
                DModel = parsed.GetValue(s_d),
                Layers = parsed.GetValue(s_layers),
                Heads = parsed.GetValue(s_heads),
                FeedForward = parsed.GetValue(s_ffn),
                Dropout = 0.1,
                AttentionDropout = 0.1,
            },
            Training = new TrainingSpec
            {
                Steps = long.MaxValue,
                LogicalShards = workers,
                ComputeThreads = parsed.GetValue(s_threads),
                Precision = parsed.GetValue(s_precision),
                LearningRate = 1e-4,
                Schedule = "constant",
                WarmupSteps = 0,
                OptimizerSharding = parsed.GetValue(s_sharding),
            },
        };
        var vocabulary = parsed.GetValue(s_vocab);
        var batches = new MadeUpBatches(parsed.GetValue(s_batch), parsed.GetValue(s_src), parsed.GetValue(s_tgt), vocabulary);
        var shared = member.Host.Options.SharedMemory ? SharedBuffers.TryCreate(NullLogger.Instance) : null;
        using var job = TrainingJob.Create(spec, batches, vocabulary, new Device(parsed.GetValue(s_device)), shared);
        var (loop, group) = TrainingLoop.Create(job, member.Plan(1), member.Host.Options, TimeProvider.System, NullLogger.Instance);
        member.Host.Open(group);
        var results = await MainArenaThread.RunAsync(() =>
        {
            group.Connect(StateAgreement.Of(job, group.Plan));
            if (job.ShardsOptimizer)
            {
                job.State.KeepMoments(ShareLayout.Of(job.State.Moments.Length, group.Plan).RangesOf(group.Plan.OwnRank));
            }
            var measured = new List<StepResult>();
            for (var i = 0; i < parsed.GetValue(s_warmup) + parsed.GetValue(s_steps); i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var result = loop.Step();
                if (i >= parsed.GetValue(s_warmup))
                {
                    measured.Add(result);
                }
            }

            group.Barrier();
            return measured;
        });
        await group.DisposeAsync();
        double Median(Func<StepResult, TimeSpan> part) => BenchTable.Median(results.Select(result => part(result).TotalMilliseconds));
        var step = Median(result => result.Total);
        Console.WriteLine(
            JsonSerializer.Serialize(
                new StepTimes(
                    workers,
                    step,
                    workers * batches.Tokens / step * 1e3,
                    Median(result => result.Compute),
                    Median(result => result.Exchange),
                    Median(result => result.Update - result.Gather),
                    Median(result => result.Gather),
                    job.State.Moments.Bytes / 1e6,
                    BenchTable.PeakMegabytes()
                )
            )
        );
        return 0;
    }

    private static Option<int> Number(string name, int value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

#pragma warning disable IDE1006, SA1300 // Names as in the peers' JSON.
    private sealed record StepTimes(
        int workers,
        double step_ms,
        double tokens_per_second,
        double? compute_ms,
        double? exchange_ms,
        double? update_ms,
        double? gather_ms,
        double? moments_mb,
        double peak_rss_mb
    );
#pragma warning restore IDE1006, SA1300

    /// <summary>Random tokens in full rows.</summary>
    private sealed class MadeUpBatches(int rows, int source, int target, int vocabulary) : ITrainingBatches
    {
        private readonly Dictionary<int, Batch> _batches = [];

        public double Tokens => rows * (source + target);

        public TrainingCursor Locate(long step) => new(0, (int)(step - 1));

        public IReadOnlyList<int> Sentences(long step, int shard) => [];

        public long StepsInEpochs(int epochs) => long.MaxValue;

        public Batch Build(long step, int shard)
        {
            if (_batches.TryGetValue(shard, out var batch))
            {
                return batch;
            }
            var random = new Random(shard);
            long[] Draw(int columns) => [.. Enumerable.Range(0, rows * columns).Select(_ => (long)random.Next(4, vocabulary))];
            return _batches[shard] = new Batch
            {
                Rows = rows,
                SourceWidth = source,
                TargetWidth = target,
                Source = Draw(source),
                DecoderInput = Draw(target),
                Labels = Draw(target),
                SourceLengths = [.. Enumerable.Repeat(source, rows)],
                TargetLengths = [.. Enumerable.Repeat(target, rows)],
                SourceTokens = (long)rows * source,
                TargetTokens = (long)rows * target,
            };
        }
    }
}
