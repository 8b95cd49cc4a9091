using System.CommandLine;
using System.Diagnostics;
using Grpc.Core;
using TrainingCluster.Cli;
using TrainingCluster.Cli.Client;
using TrainingCluster.Cli.Demo;
using TrainingCluster.Cli.Local;
using TrainingCluster.Cli.Training;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Bench;

/// <summary>
/// What readers of the coordinator's page cost: processor time of the coordinator, and time of a step of the job that trains meanwhile.
/// Coordinator and worker are the real programs. Turns without and with readers follow one another, so that the machine's moods come to
/// both.
/// </summary>
internal static class PageBench
{
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(3);

    public static Command Command()
    {
        var readers = new Option<int>("--readers") { Description = "Readers at a time.", DefaultValueFactory = _ => 200 };
        var turns = new Option<int>("--turns") { Description = "Turns without readers, and as many with.", DefaultValueFactory = _ => 3 };
        var seconds = new Option<int>("--seconds") { Description = "Time of a turn.", DefaultValueFactory = _ => 20 };
        var warmup = new Option<int>("--warmup-seconds")
        {
            Description = "Training and reading before that: what a start uses is compiled again, better.",
            DefaultValueFactory = _ => 40,
        };
        var json = new Option<bool>("--json") { Description = "Print JSON lines instead of a table." };
        var command = new Command("page", "What people who look at the coordinator's page cost it and the training.")
        {
            readers,
            turns,
            seconds,
            warmup,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var table = new BenchTable(
                    parsed.GetValue(json),
                    "readers",
                    "coordinator % of a core",
                    "step ms",
                    "answers/s",
                    "unchanged %",
                    "MB/s"
                );
                var time = TimeSpan.FromSeconds(parsed.GetValue(seconds));
                await WhileTrainingAsync(
                    async (cluster, token) =>
                    {
                        using var connection = cluster.Connect();
                        var job = await FirstStepAsync(connection, token);
                        var count = parsed.GetValue(readers);
                        await TurnAsync(cluster, connection, job, count, TimeSpan.FromSeconds(parsed.GetValue(warmup)), token);
                        var rows = new List<(int Readers, double[] Figures)>();
                        for (var turn = 0; turn < parsed.GetValue(turns); turn++)
                        {
                            foreach (var present in new[] { 0, count })
                            {
                                rows.Add((present, await TurnAsync(cluster, connection, job, present, time, token)));
                            }
                        }
                        foreach (var same in rows.GroupBy(row => row.Readers))
                        {
                            var medians = Enumerable.Range(0, 5).Select(i => BenchTable.Median(same.Select(row => row.Figures[i])));
                            table.Add([same.Key, .. medians.Cast<object?>()]);
                        }
                    },
                    cancellationToken
                );
                table.Print();
                return 0;
            }
        );
        return command;
    }

    /// <summary>% of a core, ms a step, answers a second, % unchanged, MB a second.</summary>
    private static async Task<double[]> TurnAsync(
        LocalCluster cluster,
        ClusterConnection connection,
        string job,
        int count,
        TimeSpan time,
        CancellationToken cancellationToken
    )
    {
        await using var readers = new PageReaders(cluster.Coordinator.Http, job, count);
        await Task.Delay(s_settle, cancellationToken);
        using var coordinator = Process.GetProcessById(cluster.Coordinator.Pid);
        var (compute, seen, step, watch) = (
            coordinator.TotalProcessorTime,
            readers.Seen,
            await StepAsync(connection, job, cancellationToken),
            Stopwatch.StartNew()
        );
        await Task.Delay(time, cancellationToken);
        coordinator.Refresh();
        var (used, took) = (coordinator.TotalProcessorTime - compute, watch.Elapsed);
        var now = readers.Seen;
        var answers = now.Answers - seen.Answers;
        return
        [
            100 * (used / took),
            took.TotalMilliseconds / Math.Max(1, await StepAsync(connection, job, cancellationToken) - step),
            answers / took.TotalSeconds,
            100.0 * (now.Unchanged - seen.Unchanged) / Math.Max(1, answers),
            (now.Bytes - seen.Bytes) / 1e6 / took.TotalSeconds,
        ];
    }

    private static async Task WhileTrainingAsync(Func<LocalCluster, CancellationToken, Task> measure, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        var text = Path.Combine(folder.Path, "dates");
        DatesTask.Split(1, heldOut: 100).Write(text);
        var spec = DemoRecipe.Create(1);
        spec.Training.Steps = 1_000_000;
        var dataset = DatasetPreparation.OptionsOf(
            JobSpecDefaults.Fill(spec).Dataset,
            new ParallelText(Path.Combine(text, "train.tsv"), null),
            new ParallelText(Path.Combine(text, "valid.tsv"), null)
        );
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var measuring = Task.CompletedTask;
        var terminal = new Terminal
        {
            In = Stream.Null,
            Out = TextWriter.Null,
            Error = TextWriter.Null,
        };
        var company = new LocalTraining.Company
        {
            Started = cluster =>
            {
                measuring = MeasureAsync(cluster);
                return Task.CompletedTask;
            },
        };
        try
        {
            var options = new LocalClusterOptions { Workers = 1 };
            var model = Path.Combine(folder.Path, "model");
            await LocalTraining.RunAsync(terminal, options, spec, dataset, model, json: false, end.Token, company);
        }
        catch (Exception error)
            when (error is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled }
                && end.IsCancellationRequested
                && !cancellationToken.IsCancellationRequested
            )
        {
            // All is measured: the job need not come to its end.
        }
        await measuring;

        async Task MeasureAsync(LocalCluster cluster)
        {
            try
            {
                await measure(cluster, end.Token);
            }
            finally
            {
                await end.CancelAsync();
            }
        }
    }

    private static async Task<string> FirstStepAsync(ClusterConnection connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            var jobs = await connection.Jobs.ListJobsAsync(new ListJobsRequest(), cancellationToken: cancellationToken);
            if (jobs.Jobs.FirstOrDefault(job => job.Progress is { Step: > 0 }) is { } job)
            {
                return job.Id;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
        }
    }

    private static async Task<long> StepAsync(ClusterConnection connection, string job, CancellationToken cancellationToken) =>
        (await connection.Jobs.GetJobAsync(new GetJobRequest { Id = job }, cancellationToken: cancellationToken)).Progress.Step;
}
