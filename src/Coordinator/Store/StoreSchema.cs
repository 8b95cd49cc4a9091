using Google.Protobuf;
using Microsoft.Data.Sqlite;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Store;

/// <summary>The tables, and the version that says which program wrote them. A store of an older version is brought up to date.</summary>
internal static class StoreSchema
{
    /// <summary>The tables as the first version had them.</summary>
    internal const string First = """
        CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            request_id TEXT UNIQUE,
            spec BLOB NOT NULL,
            spec_sent BLOB NOT NULL,
            created INTEGER NOT NULL,
            state INTEGER NOT NULL,
            phase TEXT NOT NULL,
            reason TEXT NOT NULL,
            generation INTEGER NOT NULL,
            plan BLOB,
            started INTEGER,
            ended INTEGER,
            weights_sha256 TEXT NOT NULL,
            progress BLOB NOT NULL
        );
        CREATE TABLE events (
            job_id TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            event BLOB NOT NULL,
            PRIMARY KEY (job_id, sequence)
        ) WITHOUT ROWID;
        """;

    // What each version adds to the one before it.
    private static readonly Action<SqliteConnection>[] s_versions =
    [
        c => Run(c, First),
        AddLedger,
        AddArithmetic,
        AddIndexes,
        AddActiveTime,
        AddIdentity,
        AddNamespaces,
        AddQueue,
        AddCurves,
        AddDatasets,
        AddLabels,
        AddTrace,
    ];

    public static void Prepare(SqliteConnection connection, string path)
    {
        Run(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
        using var read = connection.CreateCommand();
        read.CommandText = "PRAGMA user_version";
        var version = (long)read.ExecuteScalar()!;
        if (version < 0 || version > s_versions.Length)
        {
            throw new InvalidDataException(
                $"{path} is a job store of version {version}, this program writes version {s_versions.Length}. Use the program that "
                    + "wrote it, or another data folder."
            );
        }
        for (; version < s_versions.Length; version++)
        {
            // All of a version or nothing of it: a crash in between leaves the older store.
            using var transaction = connection.BeginTransaction();
            s_versions[version](connection);
            Run(connection, $"PRAGMA user_version = {version + 1}");
            transaction.Commit();
        }
    }

    /// <summary>The ledger begins with each job's last plan: of those before, an older program kept no members.</summary>
    private static void AddLedger(SqliteConnection connection)
    {
        Run(
            connection,
            """
            CREATE TABLE generations (
                job_id TEXT NOT NULL,
                generation INTEGER NOT NULL,
                plan BLOB NOT NULL,
                base_generation INTEGER NOT NULL,
                planned INTEGER NOT NULL,
                reached INTEGER NOT NULL,
                PRIMARY KEY (job_id, generation)
            ) WITHOUT ROWID;
            """
        );
        var plans = new List<(string Id, byte[] Plan, long Created, byte[] Progress)>();
        using (var jobs = connection.CreateCommand())
        {
            jobs.CommandText = "SELECT id, plan, COALESCE(started, created), progress FROM jobs WHERE plan IS NOT NULL";
            using var reader = jobs.ExecuteReader();
            while (reader.Read())
            {
                plans.Add((reader.GetString(0), (byte[])reader[1], reader.GetInt64(2), (byte[])reader[3]));
            }
        }
        foreach (var (id, bytes, created, progress) in plans)
        {
            var plan = StartGeneration.Parser.ParseFrom(bytes);
            using var insert = connection.CreateCommand();
            insert.CommandText = "INSERT INTO generations VALUES ($id, $generation, $plan, 0, $planned, $reached)";
            insert.Parameters.AddWithValue("$id", id);
            insert.Parameters.AddWithValue("$generation", plan.Generation);
            insert.Parameters.AddWithValue("$plan", bytes);
            insert.Parameters.AddWithValue("$planned", created);
            insert.Parameters.AddWithValue("$reached", Math.Max(plan.BaseStep, JobProgress.Parser.ParseFrom(progress).Step));
            insert.ExecuteNonQuery();
        }
    }

    /// <summary>How a job's workers compute: of jobs before, nobody noted it, and the next generation's workers decide.</summary>
    private static void AddArithmetic(SqliteConnection connection) => Run(connection, "ALTER TABLE jobs ADD COLUMN arithmetic BLOB");

    /// <summary>What keeps the cost of every task the same however many jobs have ended: see docs/operations.md.</summary>
    private static void AddIndexes(SqliteConnection connection)
    {
        connection.CreateFunction("ttl_of", (byte[] spec) => JobSpec.Parser.ParseFrom(spec).TtlSecondsAfterFinished, true);
        connection.CreateFunction("is_progress", (byte[] e) => EventRecord.IsProgress(JobEvent.Parser.ParseFrom(e)), true);
        Run(
            connection,
            """
            ALTER TABLE jobs ADD COLUMN ttl_seconds INTEGER NOT NULL DEFAULT 0;
            UPDATE jobs SET ttl_seconds = ttl_of(spec);
            ALTER TABLE jobs ADD COLUMN expires INTEGER
                GENERATED ALWAYS AS (CASE WHEN ttl_seconds > 0 THEN ended + ttl_seconds * 1000 END) VIRTUAL;
            CREATE INDEX jobs_expires ON jobs (expires) WHERE expires IS NOT NULL;
            CREATE INDEX jobs_state ON jobs (state);

            CREATE TABLE job_counts (state INTEGER PRIMARY KEY, jobs INTEGER NOT NULL);
            INSERT INTO job_counts SELECT state, COUNT(*) FROM jobs GROUP BY state;
            CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
                INSERT INTO job_counts VALUES (new.state, 1) ON CONFLICT (state) DO UPDATE SET jobs = jobs + 1;
            END;
            CREATE TRIGGER jobs_moved AFTER UPDATE OF state ON jobs WHEN old.state <> new.state BEGIN
                UPDATE job_counts SET jobs = jobs - 1 WHERE state = old.state;
                INSERT INTO job_counts VALUES (new.state, 1) ON CONFLICT (state) DO UPDATE SET jobs = jobs + 1;
            END;
            CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
                UPDATE job_counts SET jobs = jobs - 1 WHERE state = old.state;
            END;

            ALTER TABLE events ADD COLUMN progress INTEGER NOT NULL DEFAULT 0;
            UPDATE events SET progress = 1 WHERE is_progress(event);
            CREATE INDEX events_progress ON events (job_id, sequence) WHERE progress = 1;
            DELETE FROM events WHERE progress = 1 AND job_id IN (SELECT id FROM jobs WHERE ended IS NOT NULL)
                AND sequence <= (SELECT sequence FROM events AS e WHERE e.job_id = events.job_id AND e.progress = 1
                    ORDER BY sequence DESC LIMIT 1 OFFSET 10);
            """
        );
    }

    /// <summary>Of jobs before, nobody noted how long they were suspended: the clock of one that is suspended now begins anew.</summary>
    private static void AddActiveTime(SqliteConnection connection) =>
        Run(
            connection,
            """
            ALTER TABLE jobs ADD COLUMN active_before INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE jobs ADD COLUMN active_since INTEGER;
            UPDATE jobs SET active_since = started WHERE phase <> 'Suspended';
            """
        );

    /// <summary>By it workers tell a coordinator that has lost its store from one that knows that their job is over.</summary>
    private static void AddIdentity(SqliteConnection connection) =>
        Run(connection, "CREATE TABLE store (id TEXT NOT NULL); INSERT INTO store VALUES (lower(hex(randomblob(16))));");

    /// <summary>Jobs before were submitted by clients that nobody had asked.</summary>
    private static void AddNamespaces(SqliteConnection connection) =>
        Run(
            connection,
            """
            ALTER TABLE jobs ADD COLUMN namespace TEXT NOT NULL DEFAULT 'default';
            ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
            CREATE INDEX jobs_namespace ON jobs (namespace, state);
            """
        );

    /// <summary>Jobs that wait now have waited since they were submitted, for all that is known.</summary>
    private static void AddQueue(SqliteConnection connection) =>
        Run(
            connection,
            """
            ALTER TABLE jobs ADD COLUMN queued INTEGER;
            ALTER TABLE jobs ADD COLUMN preempted_for TEXT NOT NULL DEFAULT '';
            UPDATE jobs SET queued = created WHERE phase = 'Waiting';
            """
        );

    /// <summary>Datasets that came before were brought by those whose jobs used them, for all that is known.</summary>
    private static void AddDatasets(SqliteConnection connection)
    {
        connection.CreateFunction("dataset_of", (byte[] spec) => JobSpec.Parser.ParseFrom(spec).Dataset?.Fingerprint ?? "", true);
        Run(
            connection,
            """
            ALTER TABLE jobs ADD COLUMN dataset TEXT NOT NULL DEFAULT '';
            UPDATE jobs SET dataset = dataset_of(spec);
            CREATE INDEX jobs_dataset ON jobs (dataset, state);
            CREATE TABLE datasets (
                fingerprint TEXT NOT NULL,
                namespace TEXT NOT NULL,
                created INTEGER NOT NULL,
                used INTEGER NOT NULL,
                PRIMARY KEY (fingerprint, namespace)
            ) WITHOUT ROWID;
            INSERT INTO datasets
                SELECT dataset, namespace, MIN(created), MAX(COALESCE(ended, created)) FROM jobs WHERE dataset <> ''
                GROUP BY dataset, namespace;
            """
        );
    }

    /// <summary>Labels, and the messages of version 1 of the API: no program before had a stable one.</summary>
    private static void AddLabels(SqliteConnection connection)
    {
        connection.CreateFunction("priority_of", (byte[] spec) => JobSpec.Parser.ParseFrom(spec).Priority, true);
        connection.CreateFunction("with_suspend", (byte[] spec, bool suspend) => WithSuspend(spec, suspend), true);
        connection.CreateFunction("renewed_event", (byte[] e) => EventMigration.Event(e), true);
        connection.CreateFunction("renewed_progress", (byte[] progress) => EventMigration.Progress(progress), true);
        Run(
            connection,
            """
            ALTER TABLE jobs ADD COLUMN labels TEXT NOT NULL DEFAULT '{}';
            ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
            UPDATE jobs SET priority = priority_of(spec) WHERE priority_of(spec) <> 0;
            UPDATE jobs SET spec = with_suspend(spec, phase = 'Suspended') WHERE ended IS NULL;
            UPDATE jobs SET progress = renewed_progress(progress);
            UPDATE events SET event = renewed_event(event);
            """
        );
    }

    /// <summary>Of jobs before, nobody noted the call that submitted them: they get a trace when they are loaded.</summary>
    private static void AddTrace(SqliteConnection connection) =>
        Run(connection, "ALTER TABLE jobs ADD COLUMN trace_parent TEXT NOT NULL DEFAULT ''");

    /// <summary>Programs before left the field as it was submitted when they suspended or resumed a job.</summary>
    private static byte[] WithSuspend(byte[] bytes, bool suspend)
    {
        var spec = JobSpec.Parser.ParseFrom(bytes);
        spec.Suspend = suspend;
        return spec.ToByteArray();
    }

    /// <summary>The store's name, made with it.</summary>
    public static string Identity(SqliteConnection connection)
    {
        using var read = connection.CreateCommand();
        read.CommandText = "SELECT id FROM store";
        return read.ExecuteScalar() as string ?? throw new InvalidDataException("the job store has no name: it is damaged");
    }

    /// <summary>Jobs of an older program have none.</summary>
    private static void AddCurves(SqliteConnection connection) =>
        Run(connection, "CREATE TABLE curves (job_id TEXT PRIMARY KEY, points BLOB NOT NULL)");

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
