using System.Text.Json;
using Google.Protobuf;
using Microsoft.Data.Sqlite;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Jobs;
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
    // No request id has it: the service refuses control characters.
    private const char RequestSeparator = '\n';

    private readonly StoreConnection _connection;
    private readonly StoreThread _thread;
    private readonly EventSignals _signals = new();
    private readonly TimeProvider _time;

    private JobStore(SqliteConnection connection, TimeProvider time)
    {
        Id = StoreSchema.Identity(connection);
        this._time = time;
        _connection = new(connection);
        _thread = new(_connection);
    }

    /// <summary>Made with the store: another one, or a new one in its place, has another.</summary>
    public string Id { get; }

    /// <summary>Sees each statement before it runs, on the store's thread.</summary>
    internal Action<SqliteCommand>? Observer
    {
        set => _connection.Observer = value;
    }

    /// <summary>Opens the store, and makes it where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is no store, or one of another version.</exception>
    public static async Task<JobStore> OpenAsync(string path, TimeProvider time)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            await connection.OpenAsync();
            StoreSchema.Prepare(connection, path);
            return new(connection, time);
        }
        catch (Exception e) when (e is SqliteException or InvalidProtocolBufferException or InvalidCastException)
        {
            await connection.DisposeAsync();
            throw new InvalidDataException($"{path} cannot be used as the job store: {e.Message}. Move it away, or fix its rights.", e);
        }
        catch (InvalidDataException)
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a job, once a request id.</summary>
    /// <param name="job">The job to be; its number is given by the store.</param>
    /// <param name="asSent">The specification as the client sent it: what a repeated request must equal.</param>
    /// <param name="eventsAfter">Its events are numbered from the next number on.</param>
    /// <returns>The new job, or the one that this request id made before.</returns>
    public Task<(CreateOutcome Outcome, StoredJob Job)> CreateAsync(StoredJob job, JobSpec asSent, long eventsAfter = 0) =>
        _thread.RunAsync(c =>
        {
            if (job.RequestId.Length > 0)
            {
                using var find = c.Command(
                    "SELECT id, spec_sent FROM jobs WHERE request_id = $request",
                    ("$request", RequestKey(job.Namespace, job.RequestId))
                );
                using var reader = find.ExecuteReader();
                if (reader.Read())
                {
                    var same = StoredRow.Read(() => JobSpec.Parser.ParseFrom((byte[])reader["spec_sent"])).Equals(asSent);
                    return (same ? CreateOutcome.Repeated : CreateOutcome.Conflict, Read(c, reader.GetString(0))!);
                }
            }
            using var insert = c.Command(
                """
                INSERT INTO jobs (id, request_id, spec, spec_sent, ttl_seconds, created, state, phase, reason, generation, weights_sha256,
                    progress, namespace, owner, queued, dataset, labels, priority, trace_parent)
                VALUES ($id, $request, $spec, $sent, $ttl, $created, $state, $phase, $reason, 0, '', $progress, $namespace, $owner, $queued,
                    $dataset, $labels, $priority, $trace)
                RETURNING number
                """,
                ("$id", job.Id),
                ("$request", job.RequestId.Length == 0 ? DBNull.Value : RequestKey(job.Namespace, job.RequestId)),
                ("$namespace", job.Namespace),
                ("$owner", job.Owner),
                ("$trace", job.TraceParent),
                ("$spec", job.Spec.ToByteArray()),
                ("$sent", asSent.ToByteArray()),
                ("$ttl", job.Spec.TtlSecondsAfterFinished),
                ("$created", job.Created.ToUnixTimeMilliseconds()),
                ("$state", (int)job.Record.Phase.ToJobState()),
                ("$phase", job.Record.Phase.ToString()),
                ("$reason", job.Record.Reason),
                ("$progress", job.Progress.ToByteArray()),
                ("$queued", Milliseconds(job.Record.Queued)),
                ("$dataset", job.Spec.Dataset?.Fingerprint ?? ""),
                ("$labels", JsonSerializer.Serialize(job.Labels)),
                ("$priority", job.Spec.Priority)
            );
            // Times are kept to the millisecond.
            var created = job with
            {
                Number = (long)insert.ExecuteScalar()!,
                Created = Time(job.Created.ToUnixTimeMilliseconds())!.Value,
            };
            var submitted = new JobEvent
            {
                State = new StateChanged { State = job.Record.Phase.ToJobState(), Reason = job.Record.Reason },
            };
            EventRecord.Append(c, job.Id, [submitted], ended: false, _time.GetUtcNow(), eventsAfter);
            DatasetRecord.Use(c, job.Spec.Dataset?.Fingerprint ?? "", job.Namespace, _time.GetUtcNow());
            return (CreateOutcome.Created, created);
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
                c.Execute(
                    """
                    UPDATE jobs SET state = $state, phase = $phase, reason = $reason, generation = $generation, plan = $plan,
                        started = $started, ended = $ended, weights_sha256 = $weights, progress = $progress, arithmetic = $arithmetic,
                        active_before = $active_before, active_since = $active_since, queued = $queued, preempted_for = $preempted_for
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
                    ("$active_before", (long)record.Active.Before.TotalMilliseconds),
                    ("$active_since", Milliseconds(record.Active.Since)),
                    ("$queued", Milliseconds(record.Queued)),
                    ("$preempted_for", record.PreemptedFor),
                    ("$arithmetic", (object?)record.Arithmetic?.ToByteArray() ?? DBNull.Value),
                    ("$id", jobId)
                ) > 0;
            if (current)
            {
                Append(c, jobId, ledger ?? []);
            }
            if (record.Ended is { } end)
            {
                DatasetRecord.EndUse(c, jobId, end);
            }
            EventRecord.Append(c, jobId, events, record.Phase.HasEnded(), _time.GetUtcNow());
            return true;
        });
        if (events.Count > 0)
        {
            _signals.Raise(jobId);
        }
    }

    /// <summary>Keeps a job's curve in place of the one before. A job that is not there has none.</summary>
    public Task SaveCurveAsync(JobCurve curve)
    {
        ArgumentNullException.ThrowIfNull(curve);
        return _thread.RunAsync(c =>
            c.Execute(
                """
                INSERT INTO curves (job_id, points) SELECT id, $points FROM jobs WHERE id = $id
                ON CONFLICT (job_id) DO UPDATE SET points = excluded.points
                """,
                ("$id", curve.JobId),
                ("$points", curve.ToByteArray())
            )
        );
    }

    /// <summary>Changes a job's specification and labels.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="change">
    /// What it is to be, of what it is at this moment; it throws where it may not change. No other change comes in between.
    /// </param>
    /// <returns>The job as it is now; null: there is none of this id.</returns>
    internal Task<StoredJob?> EditAsync(string jobId, Func<StoredJob, JobEdit> change) =>
        _thread.RunAsync(c =>
        {
            if (Read(c, jobId) is not { } job)
            {
                return null;
            }
            var edit = change(job);
            c.Execute(
                "UPDATE jobs SET spec = $spec, labels = $labels, priority = $priority WHERE id = $id",
                ("$id", jobId),
                ("$spec", edit.Spec.ToByteArray()),
                ("$labels", JsonSerializer.Serialize(edit.Labels)),
                ("$priority", edit.Spec.Priority)
            );
            return job with { Spec = edit.Spec, Labels = edit.Labels };
        });

    /// <summary>Forgets a job, its events, its ledger and its curve.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="check">Throws where the job, as it is at this moment, must stay.</param>
    internal async Task DeleteAsync(string jobId, Action<StoredJob>? check = null)
    {
        await _thread.RunAsync(c =>
        {
            if (check is not null && Read(c, jobId) is { } job)
            {
                check(job);
            }
            c.Execute("DELETE FROM events WHERE job_id = $id", ("$id", jobId));
            c.Execute("DELETE FROM generations WHERE job_id = $id", ("$id", jobId));
            c.Execute("DELETE FROM curves WHERE job_id = $id", ("$id", jobId));
            c.Execute("DELETE FROM jobs WHERE id = $id", ("$id", jobId));
            return true;
        });
        _signals.Raise(jobId);
    }

    /// <summary>Notes that a client of a namespace has brought a dataset.</summary>
    public Task AddDatasetAsync(string fingerprint, string name) =>
        _thread.RunAsync(c =>
        {
            DatasetRecord.Use(c, fingerprint, name, _time.GetUtcNow());
            return true;
        });

    /// <summary>Forgets that a dataset is there, unless a job that has not ended needs it.</summary>
    /// <param name="fingerprint">The dataset.</param>
    /// <param name="confinement">For this namespace; null: for all.</param>
    /// <returns>The jobs that need it, and whether another namespace keeps it.</returns>
    internal Task<(IReadOnlyList<string> NeededBy, bool IsKept)> RemoveDatasetAsync(string fingerprint, string? confinement) =>
        _thread.RunAsync(c => DatasetRecord.Remove(c, fingerprint, confinement));

    /// <summary>Tells whoever holds it that the job's record has grown. Take it before reading events.</summary>
    public EventSignal Watch(string jobId) => _signals.Watch(jobId);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _thread.DisposeAsync();

    /// <summary>The same request id may be used in several namespaces.</summary>
    private static string RequestKey(string name, string requestId) =>
        name == Caller.DefaultNamespace ? requestId : $"{name}{RequestSeparator}{requestId}";

    // A plan is made once; only what is known of a generation's steps grows.
    private static void Append(StoreConnection c, string jobId, IReadOnlyList<LedgerEntry> ledger)
    {
        foreach (var entry in ledger)
        {
            c.Execute(
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
}
