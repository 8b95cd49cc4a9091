using Microsoft.Data.Sqlite;

namespace TrainingCluster.Coordinator.Store;

/// <summary>The tables, and the version that says which program wrote them.</summary>
internal static class StoreSchema
{
    private const long Version = 1;

    public static void Prepare(SqliteConnection connection, string path)
    {
        Run(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;");
        using var read = connection.CreateCommand();
        read.CommandText = "PRAGMA user_version";
        var version = (long)read.ExecuteScalar()!;
        if (version == Version) return;
        if (version != 0)
            throw new InvalidDataException($"{path} is a job store of version {version}, this program writes version {Version}. Use the program that wrote it, or another data folder.");
        Run(connection, $"""
            BEGIN IMMEDIATE;
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
            PRAGMA user_version = {Version};
            COMMIT;
            """);
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
