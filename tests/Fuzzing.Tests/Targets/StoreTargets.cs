using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>The job store: the database as a file, the messages in its rows, and the ledger that is made of them.</summary>
internal static class StoreTargets
{
    private const string JobId = "job-1";

    // Of one job, which the rows of an input replace.
    private static readonly Lazy<(string Path, JobStore Store)> s_open = new(() =>
    {
        var path = Scratch.File("rows.db", Database());
        return (path, JobStore.OpenAsync(path, TimeProvider.System).GetAwaiter().GetResult());
    });

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "job-store",
            Read = ReadDatabase,
            IsRefusal = error => error is InvalidDataException,
            Seeds = () => [Database()],
            Words = ["CREATE TABLE", "jobs", "INTEGER", "BLOB", "NOT NULL"],
            AllocatedAlways = 1024 * 1024,
            Cost = 40,
        },
        new()
        {
            Name = "stored-job",
            PartDepth = 1,
            Read = ReadRows,
            IsRefusal = error => error is InvalidDataException,
            Seeds = () =>
                [
                    Parts.Join(
                        JobSpecDefaults.Fill(new JobSpec()).ToByteArray(),
                        new JobProgress { Step = 3, TotalStepCount = 10 }.ToByteArray(),
                        ControlTargets.Plan().ToByteArray(),
                        new JobEvent
                        {
                            Log = new LogLine { Text = "x" },
                            EventTime = new Timestamp(),
                        }.ToByteArray(),
                        Encoding.UTF8.GetBytes("Running"),
                        BitConverter.GetBytes(1_700_000_000_000)
                    ),
                ],
            Words = ["Waiting", "Succeeded", "9"],
            AllocatedAlways = 512 * 1024,
            AllocatedPerByte = 256,
            Cost = 10,
        },
        new()
        {
            Name = "ledger",
            PartDepth = 1,
            Read = ReadLedger,
            IsRefusal = error => error is InvalidProtocolBufferException,
            Seeds = () =>
                [
                    Parts.Join(
                        Enumerable
                            .Range(1, 3)
                            .SelectMany(generation =>
                            {
                                var plan = ControlTargets.Plan();
                                (plan.Generation, plan.BaseStep) = (generation, 10 * (generation - 1));
                                return new[]
                                {
                                    plan.ToByteArray(),
                                    BitConverter.GetBytes(generation - 1L),
                                    BitConverter.GetBytes(10L * generation),
                                };
                            })
                    ),
                ],
            AllocatedAlways = 128 * 1024,
            AllocatedPerByte = 512,
        },
    ];

    private static byte[] Database()
    {
        var path = Scratch.At("seed.db");
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(path + suffix);
        }
        // Small pages make a small file.
        using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString()))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA page_size = 512; VACUUM;";
            command.ExecuteNonQuery();
        }
        var store = JobStore.OpenAsync(path, TimeProvider.System).GetAwaiter().GetResult();
        var start = JobMachine.Create(JobId, JobSpecDefaults.Fill(new JobSpec()), DateTimeOffset.UnixEpoch);
        var job = new StoredJob(0, JobId, "", start.Spec, DateTimeOffset.UnixEpoch, start.Record, new JobProgress());
        store.CreateAsync(job, start.Spec).GetAwaiter().GetResult();
        var record = start.Record with { Phase = JobPhase.Running, Plan = ControlTargets.Plan(), Generation = 3 };
        store
            .SaveAsync(
                JobId,
                record,
                new JobProgress { Step = 3 },
                [],
                [new LedgerEntry(ControlTargets.Plan(), 0, DateTimeOffset.UnixEpoch, 12)]
            )
            .GetAwaiter()
            .GetResult();
        store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return File.ReadAllBytes(path);
    }

    private static void ReadDatabase(byte[] input)
    {
        var path = Path.Combine(Scratch.Folder("store"), "jobs.db");
        File.WriteAllBytes(path, input);
        var store = JobStore.OpenAsync(path, TimeProvider.System).GetAwaiter().GetResult();
        try
        {
            ReadAll(store);
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static void ReadRows(byte[] input)
    {
        var parts = Parts.Split(input);
        var (path, store) = s_open.Value;
        using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString()))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = """
                UPDATE jobs SET spec = $0, progress = $1, plan = $2, phase = $4, created = $5, arithmetic = $3;
                UPDATE generations SET plan = $2, planned = $5;
                UPDATE events SET event = $3;
                """;
            for (var i = 0; i < 4; i++)
            {
                command.Parameters.AddWithValue($"${i}", parts.At(i));
            }
            command.Parameters.AddWithValue("$4", Encoding.UTF8.GetString(parts.At(4)));
            command.Parameters.AddWithValue("$5", BitConverter.ToInt64([.. parts.At(5), .. new byte[sizeof(long)]]));
            command.ExecuteNonQuery();
        }
        ReadAll(store);
    }

    private static void ReadAll(JobStore store)
    {
        // Every one of them, whatever the one before said.
        InvalidDataException? refusal = null;
        foreach (
            var read in new Func<Task>[]
            {
                () => store.GetAsync(JobId),
                store.NotEndedAsync,
                () => store.ListAsync(null, JobFilter.All, 10),
                () => store.EventsAsync(JobId, 0, 10),
                () => store.PlanAsync(JobId, 3),
                async () => LedgerView.Of(JobId, await store.LedgerAsync(JobId), LedgerLineage.Of(await store.LedgerAsync(JobId))),
                store.CountByStateAsync,
            }
        )
        {
            try
            {
                read().GetAwaiter().GetResult();
            }
            catch (InvalidDataException e)
            {
                refusal = e;
            }
            catch (SqliteException e)
            {
                // What the store's file cannot give is a failure of the storage, and clients are told so.
                refusal = new InvalidDataException(e.Message, e);
            }
        }
        if (refusal is not null)
        {
            throw refusal;
        }
    }

    private static void ReadLedger(byte[] input)
    {
        var parts = Parts.Split(input);
        var entries = new List<LedgerEntry>();
        for (var i = 0; i < parts.Count; i += 3)
        {
            var plan = StartGeneration.Parser.ParseFrom(parts[i]);
            entries.Add(new(plan, Number(parts.At(i + 1)), DateTimeOffset.UnixEpoch, Number(parts.At(i + 2))));
        }
        // As the store gives them: by generation, each once.
        entries = [.. entries.OrderBy(entry => entry.Generation).DistinctBy(entry => entry.Generation)];
        var lineage = LedgerLineage.Of(entries);
        foreach (var entry in entries)
        {
            LedgerLineage.Shards(entry, 4);
        }
        LedgerView.Of(JobId, entries, lineage);
    }

    private static long Number(byte[] bytes) => BitConverter.ToInt64([.. bytes, .. new byte[sizeof(long)]]);
}
