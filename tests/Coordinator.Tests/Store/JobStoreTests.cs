using Google.Protobuf;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Store;

public sealed class JobStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Database => Path.Combine(_folder.Path, "jobs.db");

    private Task<JobStore> OpenAsync() => JobStore.OpenAsync(Database, TimeProvider.System);

    private static StoredJob New(string id, string requestId = "", JobSpec? spec = null)
    {
        var state = JobMachine.Create(id, JobSpecDefaults.Fill(spec ?? new JobSpec()), DateTimeOffset.UnixEpoch);
        return new(0, id, requestId, state.Spec, DateTimeOffset.UnixEpoch.AddHours(1), state.Record, new JobProgress());
    }

    private static IEnumerable<string> Tokens(string jobId, params int[] sequences) => sequences.Select(s => EventToken.Of(jobId, s));

    private static JobEvent Log(string text) => new() { Log = new LogLine { Text = text } };

    [Fact]
    public async Task Open_AfterRestart_KnowsEverythingSaved()
    {
        var record = new JobRecord(
            JobPhase.Running,
            "trains",
            7,
            new StartGeneration { Generation = 7, BaseStep = 3 },
            DateTimeOffset.UnixEpoch.AddHours(2),
            null,
            "",
            new ActiveTime(TimeSpan.FromMinutes(7), DateTimeOffset.UnixEpoch.AddHours(3)),
            new Arithmetic { Fingerprint = "f", Description = "cpu" }
        );
        await using (var store = await OpenAsync())
        {
            await store.CreateAsync(New("a", "r1"), new JobSpec());
            await store.SaveAsync("a", record, new JobProgress { Step = 12, Loss = 1.5 }, [Log("one"), Log("two")]);
        }
        await using var reopened = await OpenAsync();

        var job = (await reopened.GetAsync("a"))!;

        Assert.Equal(record, job.Record);
        Assert.Equal((12, 1.5), (job.Progress.Step, job.Progress.Loss));
        Assert.Equal(("r1", DateTimeOffset.UnixEpoch.AddHours(1)), (job.RequestId, job.Created));
        Assert.Equal(Tokens("a", 1, 2, 3), (await reopened.EventsAsync("a", 0, 10)).Select(e => e.Token));
    }

    [Fact]
    public async Task Create_SameRequestAndSpecification_GivesTheSameJob()
    {
        await using var store = await OpenAsync();
        var first = await store.CreateAsync(New("a", "r"), new JobSpec { Seed = 1 });
        var second = await store.CreateAsync(New("b", "r"), new JobSpec { Seed = 1 });
        var other = await store.CreateAsync(New("c", "r"), new JobSpec { Seed = 2 });

        Assert.Equal((CreateOutcome.Created, "a"), (first.Outcome, first.Job.Id));
        Assert.Equal((CreateOutcome.Repeated, "a"), (second.Outcome, second.Job.Id));
        Assert.Equal((CreateOutcome.Conflict, "a"), (other.Outcome, other.Job.Id));
        Assert.Single(await store.ListAsync(null, JobFilter.All, 10));
    }

    [Fact]
    public async Task Save_SmallerGeneration_IsNotWritten()
    {
        await using var store = await OpenAsync();
        await store.CreateAsync(New("a"), new JobSpec());
        var record = (await store.GetAsync("a"))!.Record;
        await store.SaveAsync("a", record with { Generation = 5 }, new(), []);
        await store.SaveAsync("a", record with { Generation = 4, Reason = "late" }, new(), []);
        Assert.Equal(5, (await store.GetAsync("a"))!.Record.Generation);
    }

    [Fact]
    public async Task List_PagesAndStates_GiveEachJobOnceNewestFirst()
    {
        await using var store = await OpenAsync();
        for (var i = 0; i < 5; i++)
        {
            await store.CreateAsync(New($"j{i}"), new JobSpec());
        }
        await store.SaveAsync("j2", (await store.GetAsync("j2"))!.Record with { Phase = JobPhase.Failed }, new(), []);

        var first = await store.ListAsync(null, JobFilter.All, 2);
        var rest = await store.ListAsync(first[^1].Number, JobFilter.All, 10);

        Assert.Equal(["j4", "j3", "j2", "j1", "j0"], first.Concat(rest).Select(j => j.Id));
        Assert.Equal(["j2"], (await store.ListAsync(null, JobFilter.Parse("state = FAILED"), 10)).Select(j => j.Id));
        Assert.Equal(["j0", "j1", "j3", "j4"], (await store.NotEndedAsync()).Select(j => j.Id));
        Assert.Equal(["j3", "j2"], (await store.ListAsync(5, JobFilter.Parse("state = QUEUED OR state = FAILED"), 2)).Select(j => j.Id));
        await store.DeleteAsync("j0");
        var counts = await store.CountByStateAsync();
        Assert.Equal((3, 1), (counts[JobState.Queued], counts[JobState.Failed]));
    }

    [Fact]
    public async Task Watch_TakenBeforeSaveOrDelete_WakesOnceForEach()
    {
        await using var store = await OpenAsync();
        await store.CreateAsync(New("a"), new JobSpec());
        var record = (await store.GetAsync("a"))!.Record;
        using var signal = store.Watch("a");
        using (store.Watch("a")) { }
        await store.SaveAsync("a", record, new(), [Log("x")]);
        await signal.WaitAsync(CancellationToken.None);
        // Nothing was published, and what is another job's wakes nobody.
        await store.SaveAsync("a", record, new(), []);
        await store.CreateAsync(New("b"), new JobSpec());
        await store.SaveAsync("b", record, new(), [Log("x")]);
        var next = signal.WaitAsync(CancellationToken.None);
        Assert.False(next.IsCompleted);
        await store.DeleteAsync("a");
        await next;
    }

    [Fact]
    public async Task Save_Progress_KeepsTheNewestOfALivingJobAndFewOfAnEndedOne()
    {
        await using var store = await OpenAsync();
        await store.CreateAsync(New("a"), new JobSpec());
        var record = (await store.GetAsync("a"))!.Record;
        await store.SaveAsync("a", record, new(), [Progress(0), Log("one"), Progress(1)]);
        await store.SaveAsync("a", record, new(), [.. Enumerable.Range(2, EventRecord.ProgressKept - 1).Select(Progress)]);

        var living = await store.EventsAsync("a", 0, 1000);
        // The first progress has gone, and a watcher that resumes from its token misses nothing else.
        Assert.Equal(Tokens("a", 1, 3, 4, 5), living.Take(4).Select(e => e.Token));
        Assert.Equal((EventRecord.ProgressKept, 1), (living.Count(EventRecord.IsProgress), living.Count(e => e.Log is not null)));

        var end = new JobEvent { State = new StateChanged { State = JobState.Failed } };
        await store.SaveAsync("a", record with { Phase = JobPhase.Failed }, new(), [end]);

        var ended = await store.EventsAsync("a", 0, 1000);
        Assert.Equal(Tokens("a", [1, 3, .. Enumerable.Range(594, 11)]), ended.Select(e => e.Token));
        Assert.Equal(EventRecord.LastProgressKept, ended.Count(EventRecord.IsProgress));
    }

    private static JobEvent Progress(int step) => new() { Progress = new JobProgress { Step = step } };

    [Fact]
    public async Task Delete_Job_TakesItsEventsWithIt()
    {
        await using var store = await OpenAsync();
        await store.CreateAsync(New("a"), new JobSpec());
        await store.DeleteAsync("a");
        Assert.Null(await store.GetAsync("a"));
        Assert.Empty(await store.EventsAsync("a", 0, 10));
    }

    [Fact]
    public async Task Open_FileThatIsNoStore_SaysSo()
    {
        await File.WriteAllTextAsync(Database, new string('x', 5000));
        var error = await Assert.ThrowsAsync<InvalidDataException>(OpenAsync);
        Assert.Contains(Database, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_StoreOfAnotherVersion_SaysWhich()
    {
        await using (var c = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            await c.OpenAsync();
            using var command = c.CreateCommand();
            command.CommandText = "PRAGMA user_version = 1000";
            command.ExecuteNonQuery();
        }
        var error = await Assert.ThrowsAsync<InvalidDataException>(OpenAsync);
        Assert.Contains("version 1000", error.Message, StringComparison.Ordinal);
    }

    private static LedgerEntry Generation(long number, long baseStep, long reached, long from) =>
        new(
            new StartGeneration
            {
                Generation = number,
                BaseStep = baseStep,
                Members =
                {
                    new GenerationMember { WorkerId = "w", ShardCount = 8 },
                },
            },
            from,
            DateTimeOffset.UnixEpoch,
            reached
        );

    [Fact]
    public async Task Save_LedgerThenRestart_KeepsPlansAndTheNewestStepOfEach()
    {
        await using (var store = await OpenAsync())
        {
            await store.CreateAsync(New("a"), new JobSpec());
            var record = (await store.GetAsync("a"))!.Record with { Generation = 2 };
            await store.SaveAsync("a", record, new(), [], [Generation(1, 0, 6, 0), Generation(2, 4, 4, 1)]);
            await store.SaveAsync("a", record, new(), [], [Generation(2, 4, 9, 1)]);
            // Late, or from a coordinator that was replaced: neither sets the record back.
            await store.SaveAsync("a", record, new(), [], [Generation(2, 4, 7, 1)]);
            await store.SaveAsync("a", record with { Generation = 1 }, new(), [], [Generation(1, 0, 99, 0)]);
        }
        await using var reopened = await OpenAsync();
        Assert.Equal([Generation(1, 0, 6, 0), Generation(2, 4, 9, 1)], await reopened.LedgerAsync("a"));
        await reopened.DeleteAsync("a");
        Assert.Empty(await reopened.LedgerAsync("a"));
    }

    [Fact]
    public async Task Open_StoreOfTheFirstVersion_IsBroughtUpToDateWithEachJobsLastPlan()
    {
        var plan = new StartGeneration
        {
            Generation = 3,
            BaseStep = 5,
            Members =
            {
                new GenerationMember { WorkerId = "w", ShardCount = 8 },
            },
        };
        await using (var c = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            await c.OpenAsync();
            using var command = c.CreateCommand();
            command.CommandText =
                StoreSchema.First
                + """
                    INSERT INTO jobs (id, spec, spec_sent, created, state, phase, reason, generation, plan, started,
                        weights_sha256, progress)
                    VALUES ('a', $spec, $spec, 1000, 2, 'Running', '', 4, $plan, 2000, '', $progress),
                        ('b', $spec, $spec, 1000, 1, 'Waiting', '', 0, NULL, NULL, '', $progress);
                    INSERT INTO jobs (id, spec, spec_sent, created, state, phase, reason, generation, started, ended,
                        weights_sha256, progress)
                    VALUES ('over', $kept, $kept, 1000, 5, 'Failed', '', 1, 2000, 3000, '', $progress);
                    INSERT INTO events VALUES ('over', 1, $log);
                    INSERT INTO events WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 13)
                        SELECT 'over', i, $step FROM n;
                    PRAGMA user_version = 1;
                    """;
            command.Parameters.AddWithValue("$spec", JobSpecDefaults.Fill(new JobSpec()).ToByteArray());
            command.Parameters.AddWithValue("$kept", JobSpecDefaults.Fill(new JobSpec { TtlSecondsAfterFinished = 60 }).ToByteArray());
            command.Parameters.AddWithValue("$step", Progress(1).ToByteArray());
            command.Parameters.AddWithValue("$log", Log("x").ToByteArray());
            command.Parameters.AddWithValue("$plan", plan.ToByteArray());
            command.Parameters.AddWithValue("$progress", new JobProgress { Step = 8 }.ToByteArray());
            command.ExecuteNonQuery();
        }
        await using (var store = await OpenAsync())
        {
            Assert.Equal([new LedgerEntry(plan, 0, DateTimeOffset.UnixEpoch.AddSeconds(2), 8)], await store.LedgerAsync("a"));
            Assert.Empty(await store.LedgerAsync("b"));
            Assert.Equal((4, null), ((await store.GetAsync("a"))!.Record.Generation, (await store.GetAsync("a"))!.Record.Arithmetic));
            Assert.Equal(new ActiveTime(TimeSpan.Zero, DateTimeOffset.UnixEpoch.AddSeconds(2)), (await store.GetAsync("a"))!.Record.Active);
            var waiting = (await store.GetAsync("b"))!.Record;
            Assert.Equal((DateTimeOffset.UnixEpoch.AddSeconds(1), ""), (waiting.Queued, waiting.PreemptedFor));
            Assert.Equal([new ExpiredJob("over", 60)], await store.ExpiredAsync(10));
            Assert.Equal(Tokens("over", [1, .. Enumerable.Range(4, 10)]), (await store.EventsAsync("over", 0, 20)).Select(e => e.Token));
            Assert.Equal([JobState.Queued, JobState.Running, JobState.Failed], (await store.CountByStateAsync()).Keys.Order());
        }
        await using var again = await OpenAsync();
        Assert.Single(await again.LedgerAsync("a"));
    }
}
