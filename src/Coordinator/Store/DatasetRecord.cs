namespace TrainingCluster.Coordinator.Store;

/// <summary>
/// Who brought which dataset, and when it was last used. The files are not the store's: a dataset may be on record and gone, or there and,
/// brought by an older program for no job, not on record.
/// </summary>
internal static class DatasetRecord
{
    /// <summary>Notes a use: the dataset came, or a job was made of it.</summary>
    public static void Use(StoreConnection c, string fingerprint, string name, DateTimeOffset now)
    {
        if (fingerprint.Length == 0)
        {
            return;
        }
        c.Execute(
            """
            INSERT INTO datasets (fingerprint, namespace, created, used) VALUES ($fingerprint, $namespace, $now, $now)
            ON CONFLICT (fingerprint, namespace) DO UPDATE SET used = excluded.used
            """,
            ("$fingerprint", fingerprint),
            ("$namespace", name),
            ("$now", now.ToUnixTimeMilliseconds())
        );
    }

    /// <summary>Notes that a job has ended.</summary>
    public static void EndUse(StoreConnection c, string jobId, DateTimeOffset end) =>
        c.Execute(
            """
            UPDATE datasets SET used = MAX(used, $end) WHERE (fingerprint, namespace) = (SELECT dataset, namespace FROM jobs WHERE id = $id)
            """,
            ("$id", jobId),
            ("$end", end.ToUnixTimeMilliseconds())
        );

    /// <summary>What is on record, newest first.</summary>
    public static IReadOnlyList<DatasetUse> Read(StoreConnection c, string? fingerprint, string? confinement, DateTimeOffset now)
    {
        var found = new List<DatasetUse>();
        using (
            var command = c.Command(
                """
                SELECT fingerprint, MIN(created), MAX(used) FROM datasets
                WHERE ($fingerprint = '' OR fingerprint = $fingerprint) AND ($namespace = '' OR namespace = $namespace)
                GROUP BY fingerprint ORDER BY MIN(created) DESC, fingerprint
                """,
                ("$fingerprint", fingerprint ?? ""),
                ("$namespace", confinement ?? "")
            )
        )
        {
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                found.Add(new(reader.GetString(0), At(reader.GetInt64(1)), At(reader.GetInt64(2)), []));
            }
        }
        return
        [
            .. found.Select(use =>
                NeededBy(c, use.Fingerprint, confinement) is { Count: > 0 } jobs ? use with { LastUsed = now, NeededBy = jobs } : use
            ),
        ];
    }

    /// <summary>Forgets a dataset, unless a job needs it.</summary>
    /// <returns>The jobs that need it: then nothing was done. And whether another namespace keeps it.</returns>
    public static (IReadOnlyList<string> NeededBy, bool IsKept) Remove(StoreConnection c, string fingerprint, string? confinement)
    {
        if (NeededBy(c, fingerprint, confinement) is { Count: > 0 } jobs)
        {
            return (jobs, true);
        }
        c.Execute(
            "DELETE FROM datasets WHERE fingerprint = $fingerprint AND ($namespace = '' OR namespace = $namespace)",
            ("$fingerprint", fingerprint),
            ("$namespace", confinement ?? "")
        );
        using var others = c.Command("SELECT COUNT(*) FROM datasets WHERE fingerprint = $fingerprint", ("$fingerprint", fingerprint));
        return ([], (long)others.ExecuteScalar()! > 0);
    }

    private static List<string> NeededBy(StoreConnection c, string fingerprint, string? confinement)
    {
        using var command = c.Command(
            $"""
            SELECT id FROM jobs WHERE dataset = $fingerprint AND state IN ({JobStore.s_alive})
                AND ($namespace = '' OR namespace = $namespace) ORDER BY number
            """,
            ("$fingerprint", fingerprint),
            ("$namespace", confinement ?? "")
        );
        using var reader = command.ExecuteReader();
        var jobs = new List<string>();
        while (reader.Read())
        {
            jobs.Add(reader.GetString(0));
        }
        return jobs;
    }

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}

/// <summary>What is on record of a dataset.</summary>
/// <param name="Fingerprint">Its name.</param>
/// <param name="Created">When it first came.</param>
/// <param name="LastUsed">When it came again, or a job that used it ended.</param>
/// <param name="NeededBy">Jobs that have not ended.</param>
internal sealed record DatasetUse(string Fingerprint, DateTimeOffset Created, DateTimeOffset LastUsed, IReadOnlyList<string> NeededBy);
