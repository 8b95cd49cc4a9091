using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Prometheus;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Store;

/// <summary>
/// 100,000 jobs that have ended cost nothing: counted in statements, and in what SQLite says that it does for each.
/// `./cluster bench store` has the times.
/// </summary>
public sealed class StoreGrowthTests
{
    private const int Ended = 100_000;
    private readonly ConcurrentQueue<(string Sql, string Plan)> _seen = new();

    private Task<TestServer> StartAsync() => TestServer.StartAsync(database => ManyJobs.FillAsync(database, Ended));

    private void Observe(SqliteCommand command)
    {
        using var explain = command.Connection!.CreateCommand();
        explain.Transaction = command.Transaction;
        explain.CommandText = "EXPLAIN QUERY PLAN " + command.CommandText;
        foreach (SqliteParameter parameter in command.Parameters)
        {
            explain.Parameters.AddWithValue(parameter.ParameterName, parameter.Value);
        }
        using var reader = explain.ExecuteReader();
        var steps = new List<string>();
        while (reader.Read())
        {
            steps.Add((string)reader["detail"]);
        }
        _seen.Enqueue((command.CommandText, string.Join("; ", steps)));
    }

    private void AssertNoScan() => Assert.All(_seen, s => Assert.DoesNotMatch(@"SCAN (jobs|events|generations)\b", $"{s.Plan} <- {s.Sql}"));

    [Fact]
    public async Task Store_WithManyEndedJobs_SearchesForWhatItIsAskedAndReadsNothingElse()
    {
        await using var server = await StartAsync();
        var running = await server.AddAsync(JobPhase.Running);
        server.Store.Observer = Observe;

        // What a start reads; a page of all, of the rare and of the many; one job; what housekeeping does when nothing is due.
        Assert.Equal([running.Id], (await server.Store.NotEndedAsync()).Select(j => j.Id));
        Assert.Equal("ended-99999", (await server.Jobs.ListJobsAsync(new() { PageSize = 50 })).Jobs[1].Id);
        Assert.Equal(
            [running.Id],
            (await server.Jobs.ListJobsAsync(new() { Filter = "state = RUNNING OR state = QUEUED" })).Jobs.Select(j => j.Id)
        );
        Assert.Equal(50, (await server.Jobs.ListJobsAsync(new() { Filter = "state = SUCCEEDED" })).Jobs.Count);
        Assert.Equal("ended-5", (await server.Jobs.GetJobAsync(new() { Id = "ended-5" })).Id);
        Assert.Empty(await server.Store.ExpiredAsync(100));
        Assert.Equal(Ended, (await server.Store.CountByStateAsync())[JobState.Succeeded]);
        Assert.Equal(7, _seen.Count);
        await server.Store.SaveAsync(running.Id, running.Record, new(), [new JobEvent { Progress = new() { Step = 1 } }]);
        await server.Jobs.DeleteJobAsync(new() { Id = "ended-7" });
        Assert.Equal(Ended - 1, (await server.Store.CountByStateAsync())[JobState.Succeeded]);

        AssertNoScan();
    }

    [Fact]
    public async Task Housekeeping_NothingDue_ReadsNoJob()
    {
        await using var server = await StartAsync();
        server.Store.Observer = Observe;
        var metrics = new CoordinatorMetrics(Metrics.WithCustomRegistry(Metrics.NewCustomRegistry()), TimeProvider.System);
        using var files = new CheckpointLibrary(server.Data, new());
        using var housekeeping = new Housekeeping(
            server.Store,
            files,
            metrics,
            TimeProvider.System,
            Options.Create(new ServingOptions()),
            NullLogger<Housekeeping>.Instance
        );
        await housekeeping.StartAsync(CancellationToken.None);
        await ProgramProcess.UntilAsync(() => _seen.Count == 2, () => string.Join('\n', _seen));
        await housekeeping.StopAsync(CancellationToken.None);

        AssertNoScan();
        Assert.Contains("SEARCH jobs USING INDEX jobs_expires (expires<?)", _seen.Select(s => s.Plan));
    }

    [Fact]
    public async Task Watcher_OfAJobThatRests_ReadsNothingAndEachEventOnce()
    {
        await using var server = await StartAsync();
        var job = await server.AddAsync(JobPhase.Running);
        var other = await server.AddAsync(JobPhase.Running, id: "job-2");
        using var watch = server.Jobs.WatchJob(new() { Id = job.Id });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        await server.Store.SaveAsync(job.Id, job.Record, new(), [new JobEvent { Log = new() { Text = "one" } }]);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        server.Store.Observer = Observe;

        // Others' events, and what is stored without one, wake nobody.
        await server.Store.SaveAsync(other.Id, other.Record, new(), [new JobEvent { Log = new() { Text = "two" } }]);
        await server.Store.SaveAsync(job.Id, job.Record, new(), []);
        Assert.Empty(Reads());
        await server.Store.SaveAsync(job.Id, job.Record, new(), [new JobEvent { Log = new() { Text = "three" } }]);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal("three", watch.ResponseStream.Current.Log.Text);

        Assert.Equal("SEARCH events USING PRIMARY KEY (job_id=? AND sequence>?)", Assert.Single(Reads()).Plan);
        AssertNoScan();

        (string Sql, string Plan)[] Reads() => [.. _seen.Where(s => !s.Sql.Contains("MAX(sequence)") && s.Sql.StartsWith("SELECT"))];
    }
}
