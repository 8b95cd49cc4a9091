using System.Globalization;
using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Store;

public sealed partial class JobStore
{
    private const string Columns =
        "number, id, request_id, spec, created, phase, reason, generation, plan, started, ended, weights_sha256, progress, arithmetic";

    /// <summary>A job; null when there is none of this id.</summary>
    public Task<StoredJob?> GetAsync(string jobId) => _thread.RunAsync(c => Read(c, jobId));

    /// <summary>Jobs that have not ended, in the order of their submission.</summary>
    public Task<IReadOnlyList<StoredJob>> NotEndedAsync() =>
        _thread.RunAsync<IReadOnlyList<StoredJob>>(c =>
            All(c, $"SELECT {Columns} FROM jobs WHERE state NOT IN ({s_ended}) ORDER BY number")
        );

    /// <summary>Jobs that have ended and whose time to be kept may be over.</summary>
    public Task<IReadOnlyList<StoredJob>> EndedJobsAsync() =>
        _thread.RunAsync<IReadOnlyList<StoredJob>>(c => All(c, $"SELECT {Columns} FROM jobs WHERE state IN ({s_ended}) ORDER BY number"));

    /// <summary>A page of jobs, newest first.</summary>
    /// <param name="before">Only jobs with smaller numbers; null: from the newest.</param>
    /// <param name="states">Only these; empty: all.</param>
    /// <param name="count">At most so many.</param>
    public Task<IReadOnlyList<StoredJob>> ListAsync(long? before, IReadOnlyCollection<JobState> states, int count) =>
        _thread.RunAsync<IReadOnlyList<StoredJob>>(c =>
            All(
                c,
                $"SELECT {Columns} FROM jobs WHERE number < $before {Among(states)} ORDER BY number DESC LIMIT $count",
                ("$before", before ?? long.MaxValue),
                ("$count", count)
            )
        );

    /// <summary>The number of jobs in each state.</summary>
    public Task<IReadOnlyDictionary<JobState, int>> CountByStateAsync() =>
        _thread.RunAsync<IReadOnlyDictionary<JobState, int>>(c =>
        {
            using var command = Command(c, "SELECT state, COUNT(*) FROM jobs GROUP BY state");
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
        _thread.RunAsync<IReadOnlyList<JobEvent>>(c =>
        {
            using var command = Command(
                c,
                "SELECT sequence, event FROM events WHERE job_id = $id AND sequence > $after ORDER BY sequence LIMIT $count",
                ("$id", jobId),
                ("$after", after),
                ("$count", count)
            );
            using var reader = command.ExecuteReader();
            var events = new List<JobEvent>();
            while (reader.Read())
            {
                var e = JobEvent.Parser.ParseFrom((byte[])reader["event"]);
                e.Token = reader.GetInt64(0).ToString(CultureInfo.InvariantCulture);
                events.Add(e);
            }
            return events;
        });

    /// <summary>Every generation of a job whose plan was sent, by number.</summary>
    public Task<IReadOnlyList<LedgerEntry>> LedgerAsync(string jobId) =>
        _thread.RunAsync<IReadOnlyList<LedgerEntry>>(c =>
        {
            using var command = Command(
                c,
                "SELECT plan, base_generation, planned, reached FROM generations WHERE job_id = $id ORDER BY generation",
                ("$id", jobId)
            );
            using var reader = command.ExecuteReader();
            var entries = new List<LedgerEntry>();
            while (reader.Read())
            {
                entries.Add(
                    new(
                        StartGeneration.Parser.ParseFrom((byte[])reader["plan"]),
                        reader.GetInt64(1),
                        Time(reader.GetInt64(2))!.Value,
                        reader.GetInt64(3)
                    )
                );
            }
            return entries;
        });

    private static readonly string s_ended = string.Join(
        ", ",
        new[] { JobState.Succeeded, JobState.Failed, JobState.Cancelled }.Select(s => (int)s)
    );

    // Enumeration values, not text from outside: nothing to escape.
    private static string Among(IReadOnlyCollection<JobState> states) =>
        states.Count == 0 ? "" : $"AND state IN ({string.Join(", ", states.Select(s => (int)s))})";

    private static StoredJob? Read(SqliteConnection c, string jobId) =>
        All(c, $"SELECT {Columns} FROM jobs WHERE id = $id", ("$id", jobId)).SingleOrDefault();

    private static List<StoredJob> All(SqliteConnection c, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(c, sql, parameters);
        using var reader = command.ExecuteReader();
        var jobs = new List<StoredJob>();
        while (reader.Read())
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
                reader["arithmetic"] is byte[] arithmetic ? Arithmetic.Parser.ParseFrom(arithmetic) : null
            );
            jobs.Add(
                new(
                    (long)reader["number"],
                    (string)reader["id"],
                    reader["request_id"] as string ?? "",
                    JobSpec.Parser.ParseFrom((byte[])reader["spec"]),
                    Time(reader["created"])!.Value,
                    record,
                    JobProgress.Parser.ParseFrom((byte[])reader["progress"])
                )
            );
        }
        return jobs;
    }

    private static DateTimeOffset? Time(object value) => value is long ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
}
