using System.CommandLine;
using System.Diagnostics;
using Grpc.Net.Client;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Tests.Store;
using TrainingCluster.Hosting;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Bench;

/// <summary>
/// What a coordinator costs that has many ended jobs in its store: its start, pages of its list, and a time in which nothing happens
/// while somebody watches a job.
/// </summary>
internal static class StoreBench
{
    private const string Resting = "rests";
    private const int Pages = 21;

    public static Command Command()
    {
        var jobs = new Option<int[]>("--jobs")
        {
            Description = "Numbers of ended jobs to measure with.",
            DefaultValueFactory = _ => [1, 100_000],
            AllowMultipleArgumentsPerToken = true,
        };
        var idle = new Option<int>("--idle-seconds") { Description = "How long idleness is measured.", DefaultValueFactory = _ => 30 };
        var json = new Option<bool>("--json") { Description = "Print JSON lines instead of a table." };
        var command = new Command("store", "Start, list pages and idle cost of a coordinator with many ended jobs.") { jobs, idle, json };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(parsed.GetValue(jobs) ?? [], parsed.GetValue(idle), parsed.GetValue(json), cancellationToken)
        );
        return command;
    }

    private static async Task<int> RunAsync(int[] sizes, int idleSeconds, bool json, CancellationToken cancellationToken)
    {
        var table = new BenchTable(
            json,
            "ended jobs",
            "start s",
            "of a core s",
            "list 50 ms",
            "list 50 succeeded ms",
            "list alive ms",
            "list 500 ms",
            "idle with a watcher % of a core"
        );
        foreach (var jobs in sizes)
        {
            var folder = Directory.CreateTempSubdirectory("cluster-bench-");
            try
            {
                var data = new DataFolder(folder.FullName);
                data.Prepare();
                await FillAsync(data, jobs);
                table.Add([jobs, .. await MeasureAsync(data, idleSeconds, cancellationToken)]);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }
        table.Print();
        return 0;
    }

    private static async Task FillAsync(DataFolder data, int jobs)
    {
        await ManyJobs.FillAsync(data.Database, jobs);
        for (var i = 0; i < jobs; i++)
        {
            Directory.CreateDirectory(data.Job($"ended-{i}"));
        }
        await using var store = await JobStore.OpenAsync(data.Database, TimeProvider.System);
        var now = TimeProvider.System.GetUtcNow();
        var start = JobMachine.Create(Resting, JobSpecDefaults.Fill(new JobSpec { Suspend = true }), now);
        await store.CreateAsync(new(0, Resting, "", start.Spec, now, start.Record, new()), start.Spec);
    }

    private static async Task<object?[]> MeasureAsync(DataFolder data, int idleSeconds, CancellationToken cancellationToken)
    {
        var ready = Path.Combine(data.Root, "ready.json");
        var watch = Stopwatch.StartNew();
        using var coordinator = Start(data.Root, ready);
        try
        {
            while (!File.Exists(ready))
            {
                if (coordinator.HasExited)
                {
                    throw new InvalidOperationException($"The coordinator ended at its start, with exit code {coordinator.ExitCode}.");
                }
                await Task.Delay(5, cancellationToken);
            }
            var start = watch.Elapsed.TotalSeconds;
            coordinator.Refresh();
            var startCompute = coordinator.TotalProcessorTime.TotalSeconds;
            using var channel = GrpcChannel.ForAddress((await ReadyFile.TryReadAsync(ready, cancellationToken))!.Grpc);
            var client = new V1.Jobs.JobsClient(channel);
            var lists = new List<object?>();
            foreach (
                var request in new[]
                {
                    new ListJobsRequest(),
                    new ListJobsRequest { Filter = "state = SUCCEEDED" },
                    new ListJobsRequest { Filter = "state = SUSPENDED OR state = RUNNING" },
                    new ListJobsRequest { PageSize = 500 },
                }
            )
            {
                lists.Add(await ListAsync(client, request, cancellationToken));
            }
            using var watcher = client.WatchJob(new() { Id = Resting }, cancellationToken: cancellationToken);
            await watcher.ResponseStream.MoveNext(cancellationToken);
            // What a start uses is compiled again, better, for half a minute.
            await Task.Delay(TimeSpan.FromSeconds(40), cancellationToken);
            coordinator.Refresh();
            var (used, began) = (coordinator.TotalProcessorTime, watch.Elapsed);
            await Task.Delay(TimeSpan.FromSeconds(idleSeconds), cancellationToken);
            coordinator.Refresh();
            return [start, startCompute, .. lists, 100 * (coordinator.TotalProcessorTime - used) / (watch.Elapsed - began)];
        }
        finally
        {
            coordinator.Kill();
            await coordinator.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<double> ListAsync(V1.Jobs.JobsClient client, ListJobsRequest request, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        for (var i = 0; i < Pages; i++)
        {
            var watch = Stopwatch.StartNew();
            await client.ListJobsAsync(request, cancellationToken: cancellationToken);
            times.Add(watch.Elapsed.TotalMilliseconds);
        }
        return BenchTable.Median(times);
    }

    private static Process Start(string data, string ready)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "TrainingCluster.Coordinator.dll"),
            "--data",
            data,
            "--ready-file",
            ready,
            "--parent-pid",
            $"{Environment.ProcessId}",
            .. new[] { "--grpc-port", "--http-port", "--cluster-port" }.SelectMany(port => new[] { port, "0" }),
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        var process = Process.Start(start) ?? throw new InvalidOperationException("The coordinator could not be started.");
        // Its log is of no interest, but must not fill the pipe.
        process.BeginOutputReadLine();
        return process;
    }
}
