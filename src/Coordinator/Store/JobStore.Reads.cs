using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Store;

public sealed partial class JobStore
{
    private const string Columns =
        "number, id, request_id, spec, created, phase, reason, generation, plan, started, ended, weights_sha256, progress, arithmetic, "
        + "active_before, active_since, namespace, owner, queued, preempted_for, labels, trace_parent";

    /// <summary>A job; null when there is none of this id.</summary>
    public Task<StoredJob?> GetAsync(string jobId) => _thread.RunAsync(c => Read(c, jobId));

    /// <summary>The job that a request id made in a namespace; null when there is none.</summary>
    public Task<StoredJob?> FindByRequestAsync(string name, string requestId) =>
        _thread.RunAsync(c =>
            All(c, $"SELECT {Columns} FROM jobs WHERE request_id = $request", ("$request", RequestKey(name, requestId))).SingleOrDefault()
        );

    /// <summary>The namespace of a job; null when there is none of this id.</summary>
    public Task<string?> NamespaceAsync(string jobId) =>
        _thread.RunAsync(c =>
        {
            using var command = c.Command("SELECT namespace FROM jobs WHERE id = $id", ("$id", jobId));
            return command.ExecuteScalar() as string;
        });

    /// <summary>Where a job stands for its clients; null when there is none of this id.</summary>
    public Task<JobState?> StateAsync(string jobId) =>
        _thread.RunAsync(c =>
        {
            using var command = c.Command("SELECT state FROM jobs WHERE id = $id", ("$id", jobId));
            return command.ExecuteScalar() is long state ? (JobState?)state : null;
        });

    /// <summary>Jobs that have not ended, in the order of their submission.</summary>
    public Task<IReadOnlyList<StoredJob>> NotEndedAsync() =>
        _thread.RunAsync<IReadOnlyList<StoredJob>>(c => All(c, $"SELECT {Columns} FROM jobs WHERE state IN ({s_alive}) ORDER BY number"));

    /// <summary>Jobs whose time to be kept after their end is over, longest over first.</summary>
    /// <param name="count">At most so many.</param>
    public Task<IReadOnlyList<ExpiredJob>> ExpiredAsync(int count) =>
        _thread.RunAsync<IReadOnlyList<ExpiredJob>>(c =>
        {
            using var command = c.Command(
                "SELECT id, ttl_seconds FROM jobs WHERE expires <= $now ORDER BY expires LIMIT $count",
                ("$now", _time.GetUtcNow().ToUnixTimeMilliseconds()),
                ("$count", count)
            );
            using var reader = command.ExecuteReader();
            var expired = new List<ExpiredJob>();
            while (reader.Read())
            {
                expired.Add(new(reader.GetString(0), reader.GetInt64(1)));
            }
            return expired;
        });

    /// <summary>A page of jobs, newest first.</summary>
    /// <param name="before">Only jobs with smaller numbers; null: from the newest.</param>
    /// <param name="filter">Only those that match.</param>
    /// <param name="count">At most so many.</param>
    /// <param name="confinement">Only those of this namespace; null: of all.</param>
    public Task<IReadOnlyList<StoredJob>> ListAsync(long? before, JobFilter filter, int count, string? confinement = null) =>
        _thread.RunAsync<IReadOnlyList<StoredJob>>(c =>
            All(
                c,
                $"SELECT {Columns} FROM jobs WHERE {Among(filter, confinement)} ORDER BY number DESC LIMIT $count",
                [("$before", before ?? long.MaxValue), ("$namespace", confinement ?? ""), ("$count", count), .. filter.Parameters]
            )
        );

    /// <summary>How many jobs of a client have not ended.</summary>
    public Task<int> CountNotEndedAsync(string name, string owner) =>
        _thread.RunAsync(c =>
        {
            using var command = c.Command(
                $"SELECT COUNT(*) FROM jobs WHERE namespace = $namespace AND state IN ({s_alive}) AND owner = $owner",
                ("$namespace", name),
                ("$owner", owner)
            );
            return (int)(long)command.ExecuteScalar()!;
        });

    /// <summary>The number of jobs in each state.</summary>
    public Task<IReadOnlyDictionary<JobState, int>> CountByStateAsync() =>
        _thread.RunAsync<IReadOnlyDictionary<JobState, int>>(c =>
        {
            using var command = c.Command("SELECT state, jobs FROM job_counts");
            using var reader = command.ExecuteReader();
            var counts = new Dictionary<JobState, int>();
            while (reader.Read())
            {
                counts[(JobState)reader.GetInt32(0)] = reader.GetInt32(1);
            }
            return counts;
        });

    /// <summary>Events of a job after a sequence number, oldest first, with their tokens.</summary>
    public Task<IReadOnlyList<JobEvent>> EventsAsync(string jobId, long after, int count) =>
        _thread.RunAsync(c => EventRecord.Read(c, jobId, after, count));

    /// <summary>The number of a job's newest event; 0: it has none.</summary>
    public Task<long> NewestEventAsync(string jobId) =>
        _thread.RunAsync(c =>
        {
            using var command = c.Command("SELECT COALESCE(MAX(sequence), 0) FROM events WHERE job_id = $id", ("$id", jobId));
            return (long)command.ExecuteScalar()!;
        });

    /// <summary>The number of the job that was submitted last; 0: there was none.</summary>
    public Task<long> NewestJobAsync() =>
        _thread.RunAsync(c =>
        {
            using var command = c.Command("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'jobs'");
            return (long)command.ExecuteScalar()!;
        });

    /// <summary>Every generation of a job whose plan was sent, by number.</summary>
    public Task<IReadOnlyList<LedgerEntry>> LedgerAsync(string jobId) =>
        _thread.RunAsync<IReadOnlyList<LedgerEntry>>(c =>
        {
            using var command = c.Command(
                "SELECT plan, base_generation, planned, reached FROM generations WHERE job_id = $id ORDER BY generation",
                ("$id", jobId)
            );
            using var reader = command.ExecuteReader();
            var entries = new List<LedgerEntry>();
            while (reader.Read())
            {
                entries.Add(
                    StoredRow.Read(() =>
                        new LedgerEntry(
                            StartGeneration.Parser.ParseFrom((byte[])reader["plan"]),
                            reader.GetInt64(1),
                            Time(reader.GetInt64(2))!.Value,
                            reader.GetInt64(3)
                        )
                    )
                );
            }
            return entries;
        });

    /// <summary>The curve of a job as it was stored last, without evaluations; empty where there is none.</summary>
    public Task<JobCurve> CurveAsync(string jobId) =>
        _thread.RunAsync(c =>
        {
            using var command = c.Command("SELECT points FROM curves WHERE job_id = $id", ("$id", jobId));
            return command.ExecuteScalar() is byte[] points
                ? StoredRow.Read(() => JobCurve.Parser.ParseFrom(points))
                : new JobCurve { JobId = jobId };
        });

    /// <summary>The newest events of a job other than progress, newest first.</summary>
    public Task<IReadOnlyList<JobEvent>> NewestEventsAsync(string jobId, int count) =>
        _thread.RunAsync(c => EventRecord.Newest(c, jobId, count));

    /// <summary>What is on record of datasets.</summary>
    /// <param name="fingerprint">Of this one; null: of all.</param>
    /// <param name="confinement">As clients of this namespace see it; null: of all.</param>
    internal Task<IReadOnlyList<DatasetUse>> DatasetsAsync(string? fingerprint, string? confinement) =>
        _thread.RunAsync(c => DatasetRecord.Read(c, fingerprint, confinement, _time.GetUtcNow()));

    /// <summary>Completes when the store has done what was asked of it before.</summary>
    public Task PingAsync() => _thread.RunAsync(_ => true);

    /// <summary>The plan of a generation as its members got it; null when there is none.</summary>
    public Task<StartGeneration?> PlanAsync(string jobId, long generation) =>
        _thread.RunAsync(c =>
        {
            using var command = c.Command(
                "SELECT plan FROM generations WHERE job_id = $id AND generation = $generation",
                ("$id", jobId),
                ("$generation", generation)
            );
            return command.ExecuteScalar() is byte[] plan ? StoredRow.Read(() => StartGeneration.Parser.ParseFrom(plan)) : null;
        });

    internal static readonly string s_alive = string.Join(
        ", ",
        Enum.GetValues<JobState>().Where(s => s != JobState.Unspecified && !s.HasEnded()).Select(s => (int)s)
    );

    // Each state's newest from the index: a page of a rare one does not look through the many. Enumeration values, not text from
    // outside: nothing to escape.
    private static string Among(JobFilter filter, string? confinement)
    {
        var within = $"number < $before AND {filter.Sql}{(confinement is null ? "" : " AND namespace = $namespace")}";
        return filter.States is { } states ? $"number IN ({string.Join(" UNION ALL ", states.Select(Newest))})" : within;

        string Newest(JobState state) =>
            $"SELECT * FROM (SELECT number FROM jobs WHERE state = {(int)state} AND {within} ORDER BY number DESC LIMIT $count)";
    }

    private static StoredJob? Read(StoreConnection c, string jobId) =>
        All(c, $"SELECT {Columns} FROM jobs WHERE id = $id", ("$id", jobId)).SingleOrDefault();

    private static List<StoredJob> All(StoreConnection c, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = c.Command(sql, parameters);
        using var reader = command.ExecuteReader();
        var jobs = new List<StoredJob>();
        while (reader.Read())
        {
            jobs.Add(StoredRow.Read(() => Job(reader)));
        }
        return jobs;
    }

    private static StoredJob Job(SqliteDataReader reader)
    {
        var plan = reader["plan"] is byte[] bytes ? StartGeneration.Parser.ParseFrom(bytes) : null;
        var record = new JobRecord(
            Enum.Parse<JobPhase>((string)reader["phase"]),
            (string)reader["reason"],
            (long)reader["generation"],
            plan,
            Time(reader["started"]),
            Time(reader["ended"]),
            (string)reader["weights_sha256"],
            new ActiveTime(TimeSpan.FromMilliseconds((long)reader["active_before"]), Time(reader["active_since"])),
            reader["arithmetic"] is byte[] arithmetic ? Arithmetic.Parser.ParseFrom(arithmetic) : null,
            Time(reader["queued"]),
            (string)reader["preempted_for"]
        );
        return new(
            (long)reader["number"],
            (string)reader["id"],
            (reader["request_id"] as string ?? "").Split(RequestSeparator)[^1],
            JobSpec.Parser.ParseFrom((byte[])reader["spec"]),
            Time(reader["created"])!.Value,
            record,
            JobProgress.Parser.ParseFrom((byte[])reader["progress"])
        )
        {
            Namespace = (string)reader["namespace"],
            Owner = (string)reader["owner"],
            Labels = LabelsOf((string)reader["labels"]),
            TraceParent = (string)reader["trace_parent"],
        };
    }

    private static ImmutableSortedDictionary<string, string> LabelsOf(string json) =>
        JsonSerializer.Deserialize<ImmutableSortedDictionary<string, string>>(json)?.WithComparers(StringComparer.Ordinal)
        ?? throw new InvalidDataException("the job store has a row without labels");

    private static DateTimeOffset? Time(object value) => value is long ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
}
