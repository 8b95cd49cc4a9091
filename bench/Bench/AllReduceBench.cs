using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Hosting;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Bench;

/// <summary>All-reduce of float32 through shared memory, or over loopback, one process a worker, beside gloo's over TCP.</summary>
internal static class AllReduceBench
{
    private const string WorkerName = "allreduce-worker";

    // .NET compiles what is called often anew: a job has that behind it after its first seconds.
    private const double CompiledMib = 1;
    private const int CompiledSteps = 600;

    private const string Direct = "direct";
    private const string Hierarchical = "hierarchical";

    private static readonly Option<int> s_rank = new("--rank");
    private static readonly Option<int> s_above = new("--hierarchical-above")
    {
        DefaultValueFactory = _ => new CollectiveOptions().HierarchicalAbove,
    };
    private static readonly Option<int[]> s_workers = BenchProcesses.WorkersOption(least: 2, [2, 4]);
    private static readonly Option<string> s_mib = new("--mib")
    {
        Description = "Sizes in MiB.",
        DefaultValueFactory = _ => "0.0625,1,4,16,64",
    };
    private static readonly Option<int> s_iterations = new("--iterations")
    {
        Description = "Measured repetitions.",
        DefaultValueFactory = _ => 15,
    };
    private static readonly Option<int> s_warmup = new("--warmup")
    {
        Description = "Repetitions before the measured ones.",
        DefaultValueFactory = _ => 3,
    };
    private static readonly Option<bool> s_peer = new("--peer") { Description = "Run gloo beside it." };
    private static readonly Option<string> s_python = BenchProcesses.PythonOption();
    private static readonly Option<string> s_shared = ProgramOptions.SharedMemory();
    private static readonly Option<string> s_data = ProgramOptions.DataConnections();
    private static readonly Option<string?> s_tls = new("--tls")
    {
        Description = "Folder of certificates ('./cluster certs' makes it): TLS.",
        HelpName = "DIR",
    };
    private static readonly Option<string> s_precision = new("--precision")
    {
        Description = "Of the numbers that travel: float32 or bfloat16.",
        DefaultValueFactory = _ => "float32",
    };
    private static readonly Option<string[]> s_exchange = new("--exchange")
    {
        Description = "How members exchange: 'direct', each with each, or 'hierarchical', along the tree. Default: as workers do.",
        AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<bool> s_json = new("--json") { Description = "Print JSON lines instead of a table." };

    public static Command Command()
    {
        var command = new Command("allreduce", "Time of an all-reduce, by size and number of workers.")
        {
            s_workers,
            s_mib,
            s_iterations,
            s_warmup,
            s_shared,
            s_data,
            s_tls,
            s_exchange,
            s_precision,
            s_peer,
            s_python,
            s_json,
        };
        s_exchange.AcceptOnlyFromAmong(Direct, Hierarchical);
        s_precision.AcceptOnlyFromAmong("float32", "bfloat16");
        command.SetAction(RunAsync);
        return command;
    }

    public static Command WorkerCommand()
    {
        var command = new Command(WorkerName) { s_rank, s_mib, s_iterations, s_warmup, s_shared, s_data, s_tls, s_above, s_precision };
        command.Hidden = true;
        command.SetAction((parsed, cancelled) => WorkAsync(parsed, cancelled));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "--mib",
            parsed.GetValue(s_mib)!,
            "--iterations",
            parsed.GetValue(s_iterations).ToString(CultureInfo.InvariantCulture),
            "--warmup",
            parsed.GetValue(s_warmup).ToString(CultureInfo.InvariantCulture),
        ];
        string[] tls = parsed.GetValue(s_tls) is { } certificates ? [s_tls.Name, Path.GetFullPath(certificates)] : [];
        string[] ownArguments =
        [
            .. arguments,
            s_shared.Name,
            parsed.GetValue(s_shared)!,
            s_data.Name,
            parsed.GetValue(s_data)!,
            s_precision.Name,
            parsed.GetValue(s_precision)!,
            .. tls,
        ];
        var table = new BenchTable(
            parsed.GetValue(s_json),
            "workers",
            "exchange",
            "MiB",
            "messages",
            "ms",
            "bus GB/s",
            "gloo ms",
            "gloo bus GB/s",
            "ratio"
        );
        string[] asked = parsed.GetValue(s_exchange) is { Length: > 0 } given ? given : [""];
        foreach (
            var (workers, exchange) in parsed.GetValue(s_workers)!.SelectMany(workers => asked.Select(exchange => (workers, exchange)))
        )
        {
            string[] how = exchange.Length == 0 ? [] : [s_above.Name, exchange == Direct ? $"{int.MaxValue}" : "1"];
            var ours = (await BenchProcesses.RunWorkersAsync(workers, WorkerName, [.. ownArguments, .. how])).Select(Read).ToList();
            var theirs = parsed.GetValue(s_peer)
                ? (
                    await BenchProcesses.RunPeerAsync(
                        parsed.GetValue(s_python)!,
                        "gloo_allreduce.py",
                        ["--world", $"{workers}", .. arguments]
                    )
                )
                    ?.Select(Read)
                    .ToDictionary(time => time.mib)
                : null;
            foreach (var time in ours)
            {
                double Bus(double ms) => 2.0 * (workers - 1) / workers * time.mib * (1 << 20) / ms / 1e6;
                var gloo = theirs?.GetValueOrDefault(time.mib);
                table.Add(
                    $"{workers}",
                    time.hierarchical ? Hierarchical : Direct,
                    time.mib.ToString(CultureInfo.InvariantCulture),
                    time.messages.ToString("0.#", CultureInfo.InvariantCulture),
                    time.ms,
                    Bus(time.ms),
                    gloo?.ms,
                    gloo is null ? null : Bus(gloo.ms),
                    gloo is null ? null : gloo.ms / time.ms
                );
            }
        }

        table.Print();
        return 0;
    }

    private static async Task<int> WorkAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var member = await BenchMember.StartAsync(
            parsed.GetValue(s_rank),
            parsed.GetValue(s_shared) == ProgramOptions.On,
            parsed.GetValue(s_data) == ProgramOptions.On,
            parsed.GetValue(s_tls),
            parsed.GetValue(s_above)
        );
        var generation = 0;
        var sizes = parsed.GetValue(s_mib)!.Split(',').Select(text => double.Parse(text, CultureInfo.InvariantCulture));
        foreach (var mib in sizes.Prepend(CompiledMib))
        {
            var compiles = generation == 0;
            var warmup = compiles ? CompiledSteps : parsed.GetValue(s_warmup);
            var layout = BucketLayout.Create([(int)(mib * (1 << 20) / sizeof(float))]);
            using var shared = SharedBuffers.TryCreate(NullLogger.Instance);
            var gradient = shared?.NewBuffer(layout.Length) ?? new float[layout.Length];
            await using var group = new CollectiveGroup(
                member.Plan(++generation),
                layout,
                gradient,
                member.Host.Options,
                TimeProvider.System,
                NullLogger.Instance
            )
            {
                Shared = shared,
                Precision = GradientPrecision.Of(parsed.GetValue(s_precision)!),
            };
            member.Host.Open(group);
            var times = await Task.Factory.StartNew(
                () => Measure(group, layout, gradient, warmup, parsed.GetValue(s_iterations)),
                cancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
            if (compiles)
            {
                continue;
            }
            // All that is on its way is counted once the streams have ended.
            await group.DisposeAsync();
            var steps = warmup + parsed.GetValue(s_iterations);
            var messages = (double)(group.Links.SentFrames - BesideSteps(group.Plan.Workers)) / steps;
            Console.WriteLine(
                JsonSerializer.Serialize(new Time(mib, BenchTable.Median(times), messages, group.AllReduce.Hierarchy is not null))
            );
        }

        return 0;
    }

    private static List<double> Measure(CollectiveGroup group, BucketLayout layout, Memory<float> gradient, int warmup, int iterations)
    {
        group.Connect(new MemberState());
        var times = new List<double>();
        for (var step = 1; step <= warmup + iterations; step++)
        {
            gradient.Span.Fill(1f);
            var exchange = group.AllReduce.Begin(step);
            // A barrier, so that all begin together.
            var own = new MemberStep { Shards = { new ShardTotals { Shard = group.Plan.OwnRank } } };
            group.Totals.Post(step, own);
            group.Totals.Collect(step, own, TimeSpan.Zero);
            var start = Stopwatch.GetTimestamp();
            foreach (var bucket in layout.Buckets)
            {
                exchange.Submit(bucket.Index, new Subtree(0, group.Plan.OwnRank), gradient);
            }
            exchange.Complete(TimeSpan.Zero);
            if (step > warmup)
            {
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
            if (gradient.Span[0] != group.Plan.Workers || gradient.Span[^1] != group.Plan.Workers)
            {
                throw new InvalidOperationException($"The sum is {gradient.Span[0]} where {group.Plan.Workers} was expected.");
            }
        }

        group.Barrier();
        return times;
    }

    /// <summary>Before the first step: offers of memory, answers and the agreement. After the last: the barrier.</summary>
    private static int BesideSteps(int workers) => 4 * (workers - 1);

    private static Time Read(string line) => JsonSerializer.Deserialize<Time>(line)!;

#pragma warning disable IDE1006 // Names as in the peers' JSON.
    private sealed record Time(double mib, double ms, double messages = 0, bool hierarchical = false);
#pragma warning restore IDE1006
}
