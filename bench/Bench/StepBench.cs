using System.CommandLine;
using System.Globalization;

namespace TrainingCluster.Bench;

/// <summary>
/// One train step of fixed shapes: forward, backward, all-reduce, clipping, update, in the program's own training loop. Each worker
/// is a process with one micro-batch a step. Beside it, in turn: its limits (<see cref="StepProducts"/>, and as many workers that have
/// nothing to do with one another) and its peers (PyTorch, with DistributedDataParallel, and <see cref="StepTorchSharp"/>).
/// </summary>
internal static class StepBench
{
    private static readonly Option<int[]> s_workers = BenchProcesses.WorkersOption(least: 1, [1, 2]);
    private static readonly Option<bool> s_limits = new("--limits")
    {
        Description = "Run the matrix products of the step alone, and workers that do not exchange, beside it.",
    };
    private static readonly Option<int> s_rounds = new("--rounds")
    {
        Description = "How often all systems take their turn; the median round of each counts.",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<bool> s_peer = new("--peer") { Description = "Run PyTorch and TorchSharp beside it." };
    private static readonly Option<string> s_python = BenchProcesses.PythonOption();
    private static readonly Option<bool> s_json = new("--json") { Description = "Print JSON lines instead of a table." };

    public static Command Command()
    {
        var command = new Command("step", "Time of a train step and the bytes that rank 0 sends in it, by number of workers.")
        {
            s_workers,
            StepWorker.Kind,
            StepWorker.Positions,
            StepWorker.Shared,
            StepWorker.InnerSteps,
            StepWorker.Sharding,
            s_rounds,
            s_limits,
            s_peer,
            s_python,
            s_json,
        };
        StepShape.AddTo(command);
        s_rounds.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, out var rounds) && rounds >= 1))
            {
                result.AddError($"--rounds {token.Value}: must be a whole number, 1 or more");
            }
        });
        command.SetAction((parsed, _) => RunAsync(parsed));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
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
            "sent MB",
            "peak MB",
            "ratio"
        );
        foreach (var workers in parsed.GetValue(s_workers)!)
        {
            var systems = Systems(parsed, workers);
            var rounds = systems.ConvertAll(_ => new List<StepTimes>());
            for (var round = 0; round < parsed.GetValue(s_rounds); round++)
            {
                for (var i = 0; i < systems.Count; i++)
                {
                    if (await systems[i].Run() is { } times)
                    {
                        rounds[i].Add(times);
                    }
                }
            }

            var medians = rounds.ConvertAll(Median);
            for (var i = 0; i < systems.Count; i++)
            {
                if (medians[i] is { } its)
                {
                    table.Add(
                        $"{workers}",
                        systems[i].Name,
                        its.step_ms,
                        its.tokens_per_second,
                        its.compute_ms,
                        its.exchange_ms,
                        its.update_ms,
                        its.gather_ms,
                        its.moments_mb,
                        its.sent_mb,
                        its.peak_rss_mb,
                        medians[0]!.tokens_per_second / its.tokens_per_second
                    );
                }
            }
        }

        table.Print();
        return 0;
    }

    /// <summary>Ours first: the others' ratio is our tokens a second divided by theirs.</summary>
    private static List<(string Name, Func<Task<StepTimes?>> Run)> Systems(ParseResult parsed, int workers)
    {
        var arguments = StepShape.Arguments(parsed);
        string[] own =
        [
            .. arguments,
            StepWorker.Kind.Name,
            parsed.GetValue(StepWorker.Kind)!,
            StepWorker.Positions.Name,
            parsed.GetValue(StepWorker.Positions)!,
            StepWorker.Shared.Name,
            parsed.GetValue(StepWorker.Shared)!,
            StepWorker.InnerSteps.Name,
            parsed.GetValue(StepWorker.InnerSteps).ToString(CultureInfo.InvariantCulture),
            StepWorker.Sharding.Name,
            $"{parsed.GetValue(StepWorker.Sharding)}",
        ];
        List<(string, Func<Task<StepTimes?>>)> systems = [("cluster", () => LastLineAsync(workers, StepWorker.Name, own))];
        if (parsed.GetValue(s_limits))
        {
            systems.Add(
                workers == 1
                    ? ("products alone", () => LastLineAsync(1, StepProducts.Name, arguments))
                    : ("without exchange", () => ApartAsync(workers, own))
            );
        }
        if (parsed.GetValue(s_peer))
        {
            systems.Add(("PyTorch", () => PyTorchAsync(parsed, workers)));
            if (workers == 1)
            {
                systems.Add(("TorchSharp", () => LastLineAsync(1, StepTorchSharp.Name, arguments)));
            }
        }
        return systems;
    }

    private static async Task<StepTimes?> LastLineAsync(int workers, string command, IReadOnlyList<string> arguments) =>
        StepTimes.Read((await BenchProcesses.RunWorkersAsync(workers, command, arguments))[^1]);

    /// <summary>As many workers at the same time, each a job of its own: what the machine has for them.</summary>
    private static async Task<StepTimes?> ApartAsync(int workers, IReadOnlyList<string> arguments)
    {
        var each = await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => LastLineAsync(1, StepWorker.Name, arguments)));
        return new StepTimes(
            BenchTable.Median(each.Select(times => times!.step_ms)),
            each.Sum(times => times!.tokens_per_second),
            BenchTable.Median(each.Select(times => times!.compute_ms!.Value)),
            update_ms: BenchTable.Median(each.Select(times => times!.update_ms!.Value)),
            peak_rss_mb: each.Max(times => times!.peak_rss_mb)
        );
    }

    private static async Task<StepTimes?> PyTorchAsync(ParseResult parsed, int workers) =>
        await BenchProcesses.RunPeerAsync(
            parsed.GetValue(s_python)!,
            "torch_step.py",
            ["--world", $"{workers}", .. StepShape.Arguments(parsed)]
        )
            is { Count: > 0 } lines
            ? StepTimes.Read(lines[^1])
            : null;

    /// <summary>The round in the middle, by step time; null where the system did not run.</summary>
    private static StepTimes? Median(List<StepTimes> rounds) =>
        rounds.Count == 0 ? null : rounds.OrderBy(times => times.step_ms).ElementAt((rounds.Count - 1) / 2);
}
