using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Store;

/// <summary>
/// Jobs and their events in SQLite. A task that has completed is durable, against loss of power too (WAL, synchronous FULL).
/// Safe to call from any thread.
/// </summary>
public sealed partial class JobStore : IAsyncDisposable
{
    private readonly StoreThread _thread;
    private readonly EventSignals _signals = new();
    private readonly TimeProvider _time;

    private JobStore(StoreThread thread, TimeProvider time) => (this._thread, this._time) = (thread, time);

    /// <summary>Opens the store, and makes it where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is no store, or one of another version.</exception>
    public static async Task<JobStore> OpenAsync(string path, TimeProvider time)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            await connection.OpenAsync();
            StoreSchema.Prepare(connection, path);
        }
        catch (SqliteException e)
        {
            await connection.DisposeAsync();
            throw new InvalidDataException($"{path} cannot be used as the job store: {e.Message}. Move it away, or fix its rights.", e);
        }
        catch (InvalidDataException)
        {
            await connection.DisposeAsync();
            throw;
        }
        return new(new StoreThread(connection), time);
    }

    /// <summary>Makes a job, once a request id.</summary>
    /// <param name="job">The job to be; its number is given by the store.</param>
    /// <param name="asSent">The specification as the client sent it: what a repeated request must equal.</param>
    /// <returns>The new job, or the one that this request id made before.</returns>
    public Task<(CreateOutcome Outcome, StoredJob Job)> CreateAsync(StoredJob job, JobSpec asSent) =>
        _thread.RunAsync(c =>
        {
            if (job.RequestId.Length > 0)
            {
                using var find = Command(c, "SELECT id, spec_sent FROM jobs WHERE request_id = $request", ("$request", job.RequestId));
                using var reader = find.ExecuteReader();
                if (reader.Read())
                {
                    var same = JobSpec.Parser.ParseFrom((byte[])reader["spec_sent"]).Equals(asSent);
                    return (same ? CreateOutcome.Repeated : CreateOutcome.Conflict, Read(c, reader.GetString(0))!);
                }
            }
            Execute(
                c,
                """
                INSERT INTO jobs (id, request_id, spec, spec_sent, created, state, phase, reason, generation, weights_sha256, progress)
                VALUES ($id, $request, $spec, $sent, $created, $state, $phase, $reason, 0, '', $progress)
                """,
                ("$id", job.Id),
                ("$request", job.RequestId.Length == 0 ? DBNull.Value : job.RequestId),
                ("$spec", job.Spec.ToByteArray()),
                ("$sent", asSent.ToByteArray()),
                ("$created", job.Created.ToUnixTimeMilliseconds()),
                ("$state", (int)job.Record.Phase.ToJobState()),
                ("$phase", job.Record.Phase.ToString()),
                ("$reason", job.Record.Reason),
                ("$progress", job.Progress.ToByteArray())
            );
            Append(
                c,
                job.Id,
                [
                    new JobEvent
                    {
                        State = new StateChanged { State = job.Record.Phase.ToJobState(), Reason = job.Record.Reason },
                    },
                ]
            );
            return (CreateOutcome.Created, Read(c, job.Id)!);
        });

    /// <summary>Makes a job's record, new events and what changed of its ledger durable, together.</summary>
    public async Task SaveAsync(
        string jobId,
        JobRecord record,
        JobProgress progress,
        IReadOnlyList<JobEvent> events,
        IReadOnlyList<LedgerEntry>? ledger = null
    )
    {
        ArgumentNullException.ThrowIfNull(record);
        await _thread.RunAsync(c =>
        {
            var current =
                Execute(
                    c,
                    """
                    UPDATE jobs SET state = $state, phase = $phase, reason = $reason, generation = $generation, plan = $plan,
                        started = $started, ended = $ended, weights_sha256 = $weights, progress = $progress, arithmetic = $arithmetic
                    WHERE id = $id AND generation <= $generation
                    """,
                    ("$state", (int)record.Phase.ToJobState()),
                    ("$phase", record.Phase.ToString()),
                    ("$reason", record.Reason),
                    ("$generation", record.Generation),
                    ("$plan", (object?)record.Plan?.ToByteArray() ?? DBNull.Value),
                    ("$started", Milliseconds(record.Started)),
                    ("$ended", Milliseconds(record.Ended)),
                    ("$weights", record.WeightsSha256),
                    ("$progress", progress.ToByteArray()),
                    ("$arithmetic", (object?)record.Arithmetic?.ToByteArray() ?? DBNull.Value),
                    ("$id", jobId)
                ) > 0;
            if (current)
            {
                Append(c, jobId, ledger ?? []);
            }
            Append(c, jobId, events);
            return true;
        });
        if (events.Count > 0)
        {
            _signals.Raise(jobId);
        }
    }

    /// <summary>Forgets a job, its events and its ledger.</summary>
    public async Task DeleteAsync(string jobId)
    {
        await _thread.RunAsync(c =>
        {
            Execute(c, "DELETE FROM events WHERE job_id = $id", ("$id", jobId));
            Execute(c, "DELETE FROM generations WHERE job_id = $id", ("$id", jobId));
            Execute(c, "DELETE FROM jobs WHERE id = $id", ("$id", jobId));
            return true;
        });
        _signals.Raise(jobId);
    }

    /// <summary>Completes when the job's record next grows. Take it before reading events.</summary>
    public Task NextEventAsync(string jobId) => _signals.NextAsync(jobId);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _thread.DisposeAsync();

    private void Append(SqliteConnection c, string jobId, IReadOnlyList<JobEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }
        using var last = Command(c, "SELECT COALESCE(MAX(sequence), 0) FROM events WHERE job_id = $id", ("$id", jobId));
        var sequence = (long)last.ExecuteScalar()!;
        foreach (var e in events)
        {
            var stored = e.Clone();
            stored.JobId = jobId;
            stored.Time ??= Timestamp.FromDateTimeOffset(_time.GetUtcNow());
            Execute(
                c,
                "INSERT INTO events (job_id, sequence, event) VALUES ($id, $sequence, $event)",
                ("$id", jobId),
                ("$sequence", ++sequence),
                ("$event", stored.ToByteArray())
            );
        }
    }

    // A plan is made once; only what is known of a generation's steps grows.
    private static void Append(SqliteConnection c, string jobId, IReadOnlyList<LedgerEntry> ledger)
    {
        foreach (var entry in ledger)
        {
            Execute(
                c,
                """
                INSERT INTO generations (job_id, generation, plan, base_generation, planned, reached)
                VALUES ($id, $generation, $plan, $base, $planned, $reached)
                ON CONFLICT (job_id, generation) DO UPDATE SET reached = MAX(reached, excluded.reached)
                """,
                ("$id", jobId),
                ("$generation", entry.Generation),
                ("$plan", entry.Plan.ToByteArray()),
                ("$base", entry.BaseGeneration),
                ("$planned", entry.Planned.ToUnixTimeMilliseconds()),
                ("$reached", entry.Reached)
            );
        }
    }

    private static object Milliseconds(DateTimeOffset? at) => at is { } time ? time.ToUnixTimeMilliseconds() : DBNull.Value;

    private static SqliteCommand Command(SqliteConnection c, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = c.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }
        return command;
    }

    private static int Execute(SqliteConnection c, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(c, sql, parameters);
        return command.ExecuteNonQuery();
    }
}
