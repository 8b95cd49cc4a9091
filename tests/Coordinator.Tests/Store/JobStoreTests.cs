using Google.Protobuf;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Store;

public sealed class JobStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Database => Path.Combine(folder.Path, "jobs.db");

    private Task<JobStore> Open() => JobStore.Open(Database, TimeProvider.System);

    private static StoredJob New(string id, string requestId = "", JobSpec? spec = null)
    {
        var state = JobMachine.Create(id, JobSpecDefaults.Fill(spec ?? new JobSpec()), DateTimeOffset.UnixEpoch);
        return new(0, id, requestId, state.Spec, DateTimeOffset.UnixEpoch.AddHours(1), state.Record, new JobProgress());
    }

    private static JobEvent Log(string text) => new() { Log = new LogLine { Text = text } };

    [Fact]
    public async Task Open_AfterRestart_KnowsEverythingSaved()
    {
        var record = new JobRecord(JobPhase.Running, "trains", 7, new StartGeneration { Generation = 7, BaseStep = 3 },
            DateTimeOffset.UnixEpoch.AddHours(2), null, "", new Arithmetic { Fingerprint = "f", Description = "cpu" });
        await using (var store = await Open())
        {
            await store.Create(New("a", "r1"), new JobSpec());
            await store.Save("a", record, new JobProgress { Step = 12, Loss = 1.5 }, [Log("one"), Log("two")]);
        }
        await using var reopened = await Open();

        var job = (await reopened.Get("a"))!;

        Assert.Equal(record, job.Record);
        Assert.Equal((12, 1.5), (job.Progress.Step, job.Progress.Loss));
        Assert.Equal(("r1", DateTimeOffset.UnixEpoch.AddHours(1)), (job.RequestId, job.Created));
        Assert.Equal(["1", "2", "3"], (await reopened.Events("a", 0, 10)).Select(e => e.Token));
    }

    [Fact]
    public async Task Create_SameRequestAndSpecification_GivesTheSameJob()
    {
        await using var store = await Open();
        var first = await store.Create(New("a", "r"), new JobSpec { Seed = 1 });
        var second = await store.Create(New("b", "r"), new JobSpec { Seed = 1 });
        var other = await store.Create(New("c", "r"), new JobSpec { Seed = 2 });

        Assert.Equal((CreateOutcome.Created, "a"), (first.Outcome, first.Job.Id));
        Assert.Equal((CreateOutcome.Repeated, "a"), (second.Outcome, second.Job.Id));
        Assert.Equal((CreateOutcome.Conflict, "a"), (other.Outcome, other.Job.Id));
        Assert.Single(await store.List(null, [], 10));
    }

    [Fact]
    public async Task Save_SmallerGeneration_IsNotWritten()
    {
        await using var store = await Open();
        await store.Create(New("a"), new JobSpec());
        var record = (await store.Get("a"))!.Record;
        await store.Save("a", record with { Generation = 5 }, new(), []);
        await store.Save("a", record with { Generation = 4, Reason = "late" }, new(), []);
        Assert.Equal(5, (await store.Get("a"))!.Record.Generation);
    }

    [Fact]
    public async Task List_PagesAndStates_GiveEachJobOnceNewestFirst()
    {
        await using var store = await Open();
        for (var i = 0; i < 5; i++) await store.Create(New($"j{i}"), new JobSpec());
        await store.Save("j2", (await store.Get("j2"))!.Record with { Phase = JobPhase.Failed }, new(), []);

        var first = await store.List(null, [], 2);
        var rest = await store.List(first[^1].Number, [], 10);

        Assert.Equal(["j4", "j3", "j2", "j1", "j0"], first.Concat(rest).Select(j => j.Id));
        Assert.Equal(["j2"], (await store.List(null, [JobState.Failed], 10)).Select(j => j.Id));
        Assert.Equal(["j0", "j1", "j3", "j4"], (await store.NotEnded()).Select(j => j.Id));
        Assert.Equal(1, (await store.CountByState())[JobState.Failed]);
    }

    [Fact]
    public async Task NextEvent_TakenBeforeSave_CompletesWithIt()
    {
        await using var store = await Open();
        await store.Create(New("a"), new JobSpec());
        var next = store.NextEvent("a");
        await store.Save("a", (await store.Get("a"))!.Record, new(), [Log("x")]);
        await next;
        Assert.False(store.NextEvent("a").IsCompleted);
    }

    [Fact]
    public async Task Delete_Job_TakesItsEventsWithIt()
    {
        await using var store = await Open();
        await store.Create(New("a"), new JobSpec());
        await store.Delete("a");
        Assert.Null(await store.Get("a"));
        Assert.Empty(await store.Events("a", 0, 10));
    }

    [Fact]
    public async Task Open_FileThatIsNoStore_SaysSo()
    {
        await File.WriteAllTextAsync(Database, new string('x', 5000));
        var error = await Assert.ThrowsAsync<InvalidDataException>(Open);
        Assert.Contains(Database, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_StoreOfAnotherVersion_SaysWhich()
    {
        await using (var c = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            await c.OpenAsync();
            using var command = c.CreateCommand();
            command.CommandText = "PRAGMA user_version = 9";
            command.ExecuteNonQuery();
        }
        var error = await Assert.ThrowsAsync<InvalidDataException>(Open);
        Assert.Contains("version 9", error.Message, StringComparison.Ordinal);
    }

    private static LedgerEntry Generation(long number, long baseStep, long reached, long from) =>
        new(new StartGeneration { Generation = number, BaseStep = baseStep, Members = { new GenerationMember { WorkerId = "w", ShardCount = 8 } } }, from, DateTimeOffset.UnixEpoch, reached);

    [Fact]
    public async Task Save_LedgerThenRestart_KeepsPlansAndTheNewestStepOfEach()
    {
        await using (var store = await Open())
        {
            await store.Create(New("a"), new JobSpec());
            var record = (await store.Get("a"))!.Record with { Generation = 2 };
            await store.Save("a", record, new(), [], [Generation(1, 0, 6, 0), Generation(2, 4, 4, 1)]);
            await store.Save("a", record, new(), [], [Generation(2, 4, 9, 1)]);
            // Late, or from a coordinator that was replaced: neither sets the record back.
            await store.Save("a", record, new(), [], [Generation(2, 4, 7, 1)]);
            await store.Save("a", record with { Generation = 1 }, new(), [], [Generation(1, 0, 99, 0)]);
        }
        await using var reopened = await Open();
        Assert.Equal([Generation(1, 0, 6, 0), Generation(2, 4, 9, 1)], await reopened.Ledger("a"));
        await reopened.Delete("a");
        Assert.Empty(await reopened.Ledger("a"));
    }

    [Fact]
    public async Task Open_StoreOfTheFirstVersion_IsBroughtUpToDateWithEachJobsLastPlan()
    {
        var plan = new StartGeneration { Generation = 3, BaseStep = 5, Members = { new GenerationMember { WorkerId = "w", ShardCount = 8 } } };
        await using (var c = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            await c.OpenAsync();
            using var command = c.CreateCommand();
            command.CommandText = StoreSchema.First + """
                INSERT INTO jobs (id, spec, spec_sent, created, state, phase, reason, generation, plan, started, weights_sha256, progress)
                VALUES ('a', $spec, $spec, 1000, 2, 'Running', '', 4, $plan, 2000, '', $progress), ('b', $spec, $spec, 1000, 1, 'Waiting', '', 0, NULL, NULL, '', $progress);
                PRAGMA user_version = 1;
                """;
            command.Parameters.AddWithValue("$spec", JobSpecDefaults.Fill(new JobSpec()).ToByteArray());
            command.Parameters.AddWithValue("$plan", plan.ToByteArray());
            command.Parameters.AddWithValue("$progress", new JobProgress { Step = 8 }.ToByteArray());
            command.ExecuteNonQuery();
        }
        await using (var store = await Open())
        {
            Assert.Equal([new LedgerEntry(plan, 0, DateTimeOffset.UnixEpoch.AddSeconds(2), 8)], await store.Ledger("a"));
            Assert.Empty(await store.Ledger("b"));
            Assert.Equal((4, null), ((await store.Get("a"))!.Record.Generation, (await store.Get("a"))!.Record.Arithmetic));
        }
        await using var again = await Open();
        Assert.Single(await again.Ledger("a"));
    }
}
