using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Grpc.Core;
using TrainingCluster.Bench.Members;
using TrainingCluster.Cli;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Demo;
using TrainingCluster.Cli.Local;
using TrainingCluster.Cli.Training;
using TrainingCluster.Coordinator.Planning;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Bench;

/// <summary>
/// What a coordinator costs that leads many members: processor time, memory, and how soon a change of the group is planned. The coordinator
/// is the real program. The members are real worker actors in a few nodes of the cluster, with trainers that compute nothing and do a step
/// a second.
/// </summary>
internal static class MembersBench
{
    private static readonly TimeSpan s_within = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    public static Command Command()
    {
        var members = new Option<int[]>("--members")
        {
            Description = "Numbers of members to measure with, 2 to 1024.",
            DefaultValueFactory = _ => [10, 100, 1000],
            AllowMultipleArgumentsPerToken = true,
        };
        members.Validators.Add(result =>
        {
            foreach (var text in result.Tokens.Select(token => token.Value))
            {
                if (!int.TryParse(text, CultureInfo.InvariantCulture, out var count) || count is < 2 or > 1024)
                {
                    result.AddError($"--members {text}: must be 2 to 1024, the most logical shards that a job may have");
                }
            }
        });
        var nodes = new Option<int>("--nodes") { Description = "Nodes of the cluster that hold them.", DefaultValueFactory = _ => 4 };
        var seconds = new Option<int>("--seconds") { Description = "Time of each measurement.", DefaultValueFactory = _ => 20 };
        var warmup = new Option<int>("--warmup-seconds")
        {
            Description = "Steps before that: what a start uses is compiled again, better.",
            DefaultValueFactory = _ => 40,
        };
        var changes = new Option<int>("--changes") { Description = "Members that die, one after another.", DefaultValueFactory = _ => 5 };
        var json = new Option<bool>("--json") { Description = "Print JSON lines instead of a table." };
        var command = new Command("members", "What a coordinator costs that leads many members, which compute nothing.")
        {
            members,
            nodes,
            seconds,
            warmup,
            changes,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var table = new BenchTable(
                    parsed.GetValue(json),
                    "members",
                    "registered s",
                    "idle % of a core",
                    "a step a second % of a core",
                    "messages/s",
                    "memory MB",
                    "regrouped ms",
                    "worst ms",
                    "called ms",
                    "all have the plan ms",
                    "CPU ms a change",
                    "planner ms",
                    "metrics ms",
                    "list ms",
                    "page ms"
                );
                foreach (var count in parsed.GetValue(members) ?? [])
                {
                    var times = (TimeSpan.FromSeconds(parsed.GetValue(warmup)), TimeSpan.FromSeconds(parsed.GetValue(seconds)));
                    table.Add(await MeasureAsync(count, parsed.GetValue(nodes), times, parsed.GetValue(changes), cancellationToken));
                }
                table.Print();
                return 0;
            }
        );
        return command;
    }

    /// <summary>
    /// 1. starts the coordinator and the members; 2. measures while they have no job; 3. while they do steps; 4. what people read; 5.
    /// ends members one by one, each of which comes back before the next one.
    /// </summary>
    private static async Task<object?[]> MeasureAsync(
        int members,
        int nodes,
        (TimeSpan WarmUp, TimeSpan Each) times,
        int changes,
        CancellationToken cancellationToken
    )
    {
        using var folder = new TemporaryFolder();
        var time = TimeProvider.System;
        // 1.
        await using var coordinator = Start(folder.Path, time);
        var ready = await coordinator.ReadyAsync(Path.Combine(folder.Path, "ready.json"), s_within, cancellationToken);
        using var connection = new ClusterConnection(ready.Grpc, time);
        using var http = new HttpClient { BaseAddress = new Uri(ready.Http) };
        var plans = new PlanWatch();
        var watch = Stopwatch.StartNew();
        await using var simulated = new SimulatedMembers(ready.Cluster, plans);
        await simulated.StartAsync(members, Math.Min(nodes, members), cancellationToken);
        await UntilAsync(
            async () =>
                (await connection.Jobs.GetClusterAsync(new GetClusterRequest(), cancellationToken: cancellationToken)).Workers.Count(
                    worker => worker.State == WorkerState.Idle
                ) == members,
            "the members to register",
            cancellationToken
        );
        var registered = watch.Elapsed.TotalSeconds;
        // 2.
        var (idle, _) = await LoadAsync(coordinator.Pid, simulated, members, times.Each, cancellationToken);
        // 3.
        var job = await SubmitAsync(connection, members, folder.Path, cancellationToken);
        await UntilAsync(() => Task.FromResult(simulated.Training == members), "all members to train", cancellationToken);
        await Task.Delay(times.WarmUp, cancellationToken);
        var (busy, messages) = await LoadAsync(coordinator.Pid, simulated, members, times.Each, cancellationToken);
        // 4.
        var metrics = await ReadAsync(() => http.GetByteArrayAsync("/metrics", cancellationToken));
        var list = await ReadAsync(() =>
            connection.Jobs.GetClusterAsync(new GetClusterRequest(), cancellationToken: cancellationToken).ResponseAsync
        );
        var page = await ReadAsync(() => http.GetByteArrayAsync("/", cancellationToken));
        // 5.
        var told = new List<Change>();
        for (var change = 0; change < changes; change++)
        {
            told.Add(
                await ChangeAsync(connection, job, coordinator.Pid, simulated, plans, 1 + (change % members), members, cancellationToken)
            );
        }
        using var process = Process.GetProcessById(coordinator.Pid);
        return
        [
            members,
            registered,
            idle,
            busy,
            messages,
            process.WorkingSet64 / 1048576.0,
            Median(one => one.Regrouped),
            told.Select(one => one.Regrouped).DefaultIfEmpty().Max(),
            Median(one => one.Called),
            Median(one => one.Planned),
            Median(one => one.CpuMs - (busy / 100 * one.TookMs)),
            await PlanAsync(members),
            metrics,
            list,
            page,
        ];

        double? Median(Func<Change, double> part) => told.Count == 0 ? null : BenchTable.Median(told.Select(part));
    }

    /// <summary>A member dies; its peers say so. Then it comes back.</summary>
    private static async Task<Change> ChangeAsync(
        ClusterConnection connection,
        string job,
        int pid,
        SimulatedMembers simulated,
        PlanWatch plans,
        int victim,
        int members,
        CancellationToken cancellationToken
    )
    {
        var before = plans.Newest()?.Generation ?? 0;
        using var process = Process.GetProcessById(pid);
        var (used, died) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
        simulated.Kill(victim);
        await UntilAsync(
            () => Task.FromResult(plans.Newest() is { } newest && newest.Generation > before && simulated.Training >= members - 1),
            "the others to train on",
            cancellationToken
        );
        process.Refresh();
        var (cpu, took) = (process.TotalProcessorTime - used, Stopwatch.GetElapsedTime(died));
        var (generation, moments) = plans.Newest()!.Value;
        var regrouped = await RegroupedAsync(connection, job, generation, cancellationToken);
        simulated.Add(victim);
        await UntilAsync(() => Task.FromResult(simulated.Training == members), "the member to be back", cancellationToken);
        // Past the moment at which newcomers of one time are waited for, and a few steps.
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        return new Change(
            regrouped,
            Stopwatch.GetElapsedTime(died, moments.FirstCalled ?? died).TotalMilliseconds,
            Stopwatch.GetElapsedTime(died, moments.LastPlanned ?? died).TotalMilliseconds,
            cpu.TotalMilliseconds,
            took.TotalMilliseconds
        );
    }

    private static async Task<double> RegroupedAsync(
        ClusterConnection connection,
        string job,
        long generation,
        CancellationToken cancellationToken
    )
    {
        using var call = connection.Jobs.WatchJob(new WatchJobRequest { Id = job }, cancellationToken: cancellationToken);
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            if (call.ResponseStream.Current.Generation is { } changed && changed.Generation >= generation)
            {
                return changed.RegroupDuration?.ToTimeSpan().TotalMilliseconds ?? 0;
            }
        }
        throw new InvalidOperationException($"Job {job} ended.");
    }

    /// <summary>
    /// % of a core that the coordinator uses, and messages a second, both ways: a registration and its answer come every two seconds.
    /// </summary>
    private static async Task<(double Percent, double Messages)> LoadAsync(
        int pid,
        SimulatedMembers simulated,
        int members,
        TimeSpan time,
        CancellationToken cancellationToken
    )
    {
        using var process = Process.GetProcessById(pid);
        var (used, sent, watch) = (process.TotalProcessorTime, simulated.Messages, Stopwatch.StartNew());
        await Task.Delay(time, cancellationToken);
        process.Refresh();
        var took = watch.Elapsed;
        return (100 * (process.TotalProcessorTime - used) / took, ((simulated.Messages - sent) / took.TotalSeconds) + members);
    }

    private static async Task<double> ReadAsync<T>(Func<Task<T>> read)
    {
        var times = new List<double>();
        for (var turn = 0; turn < 11; turn++)
        {
            var watch = Stopwatch.StartNew();
            await read();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }
        return BenchTable.Median(times);
    }

    /// <summary>The share of the shards over the members alone, by measured speeds that differ a little.</summary>
    private static Task<double> PlanAsync(int members)
    {
        var candidates = Enumerable.Range(0, members).Select(i => new ShardCandidate($"member-{i:0000}", 20 + (i % 7 / 10.0))).ToList();
        return ReadAsync(() => Task.FromResult(ShardPlanner.Plan(ShardsOf(members), candidates)));
    }

    private static int ShardsOf(int members) => (int)BitOperations.RoundUpToPowerOf2((uint)members);

    private static async Task<string> SubmitAsync(
        ClusterConnection connection,
        int members,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var text = Path.Combine(folder, "dates");
        DatesTask.Split(1, heldOut: 100).Write(text);
        var spec = DemoRecipe.Create(1);
        spec.Training.Steps = 1_000_000;
        spec.Training.LogicalShards = ShardsOf(members);
        spec.Training.BatchTokens = 64 * spec.Training.LogicalShards;
        spec.Workers = new WorkersSpec { Min = 1, Max = members };
        var terminal = new Terminal
        {
            In = Stream.Null,
            Out = TextWriter.Null,
            Error = TextWriter.Null,
        };
        var dataset = DatasetPreparation.OptionsOf(
            JobSpecDefaults.Fill(spec).Dataset,
            new ParallelText(Path.Combine(text, "train.tsv"), null),
            new ParallelText(Path.Combine(text, "valid.tsv"), null)
        );
        var path = Path.Combine(folder, "dataset");
        await JobSubmission.PrepareAsync(terminal, spec, dataset, path, cancellationToken);
        await JobSubmission.UploadAsync(terminal, connection, path, spec.Dataset.Fingerprint, cancellationToken);
        return (await JobSubmission.CreateAsync(connection, spec, null, cancellationToken)).Id;
    }

    private static ChildProgram Start(string folder, TimeProvider time) =>
        ChildProgram.Start(
            "coordinator",
            ProgramFiles.Coordinator,
            [
                "--data",
                Path.Combine(folder, "coordinator"),
                "--ready-file",
                Path.Combine(folder, "ready.json"),
                .. new[] { "--grpc-port", "--http-port", "--cluster-port" }.SelectMany(port => new[] { port, "0" }),
            ],
            Path.Combine(folder, "coordinator.log"),
            time
        );

    private static async Task UntilAsync(Func<Task<bool>> done, string what, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (!await IsDoneAsync())
        {
            if (watch.Elapsed > s_within)
            {
                throw new InvalidOperationException($"Waited {s_within.TotalMinutes:0} min for {what}.");
            }
            await Task.Delay(s_poll, cancellationToken);
        }

        async Task<bool> IsDoneAsync()
        {
            try
            {
                return await done();
            }
            catch (RpcException busy) when (busy.StatusCode == StatusCode.Unavailable)
            {
                // So busy that it does not answer in time: that is what is measured here.
                return false;
            }
        }
    }

    /// <summary>What one death cost, in milliseconds.</summary>
    /// <param name="Regrouped">By the coordinator's own account: from the first word of it until the plan was sent.</param>
    /// <param name="Called">By the members': from the death until the first one was called.</param>
    /// <param name="Planned">From the death until the last one had the plan.</param>
    /// <param name="CpuMs">Processor time of the coordinator until the others trained on.</param>
    /// <param name="TookMs">Time until then.</param>
    private sealed record Change(double Regrouped, double Called, double Planned, double CpuMs, double TookMs);
}
