using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Data.Sqlite;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Store;

/// <summary>
/// The events of jobs. Progress comes every second and is thinned: of a job that lives the newest <see cref="ProgressKept"/> events are
/// kept, of one that has ended the last <see cref="LastProgressKept"/>. Every other event stays as long as its job.
/// </summary>
internal static class EventRecord
{
    /// <summary>Events of progress that a job keeps while it lives: ten minutes.</summary>
    public const int ProgressKept = 600;

    /// <summary>Events of progress that an ended job keeps: a watcher that is some seconds behind its end misses none.</summary>
    public const int LastProgressKept = 10;

    /// <summary>Adds events to a job's record, each with the next sequence number, and thins its progress.</summary>
    /// <remarks>The first one of a job comes after <paramref name="after"/>.</remarks>
    public static void Append(
        StoreConnection c,
        string jobId,
        IReadOnlyList<JobEvent> events,
        bool ended,
        DateTimeOffset now,
        long after = 0
    )
    {
        if (events.Count == 0)
        {
            return;
        }
        // The newest event is never thinned away, so that no number is given twice.
        using var last = c.Command(
            "SELECT COALESCE(MAX(sequence), $after) FROM events WHERE job_id = $id",
            ("$id", jobId),
            ("$after", after)
        );
        var sequence = (long)last.ExecuteScalar()!;
        foreach (var e in events)
        {
            var stored = e.Clone();
            stored.JobId = jobId;
            stored.EventTime ??= Timestamp.FromDateTimeOffset(now);
            c.Execute(
                "INSERT INTO events (job_id, sequence, progress, event) VALUES ($id, $sequence, $progress, $event)",
                ("$id", jobId),
                ("$sequence", ++sequence),
                ("$progress", IsProgress(e)),
                ("$event", stored.ToByteArray())
            );
        }
        if (ended || events.Any(IsProgress))
        {
            Thin(c, jobId, ended ? LastProgressKept : ProgressKept);
        }
    }

    /// <summary>Events of a job after a sequence number, oldest first, with their tokens.</summary>
    public static IReadOnlyList<JobEvent> Read(StoreConnection c, string jobId, long after, int count)
    {
        using var command = c.Command(
            "SELECT sequence, event FROM events WHERE job_id = $id AND sequence > $after ORDER BY sequence LIMIT $count",
            ("$id", jobId),
            ("$after", after),
            ("$count", count)
        );
        return Read(command, jobId);
    }

    /// <summary>The newest events of a job other than progress, newest first, with their tokens.</summary>
    public static IReadOnlyList<JobEvent> Newest(StoreConnection c, string jobId, int count)
    {
        using var command = c.Command(
            "SELECT sequence, event FROM events WHERE job_id = $id AND progress = 0 ORDER BY sequence DESC LIMIT $count",
            ("$id", jobId),
            ("$count", count)
        );
        return Read(command, jobId);
    }

    private static List<JobEvent> Read(SqliteCommand command, string jobId)
    {
        using var reader = command.ExecuteReader();
        var events = new List<JobEvent>();
        while (reader.Read())
        {
            var e = StoredRow.Read(() => JobEvent.Parser.ParseFrom((byte[])reader["event"]));
            e.Token = EventToken.Of(jobId, reader.GetInt64(0));
            events.Add(e);
        }
        return events;
    }

    /// <summary>Whether an event may be thinned away.</summary>
    public static bool IsProgress(JobEvent e) => e.EventCase == JobEvent.EventOneofCase.Progress;

    private static void Thin(StoreConnection c, string jobId, int keep) =>
        c.Execute(
            """
            DELETE FROM events WHERE job_id = $id AND progress = 1 AND sequence <=
                (SELECT sequence FROM events WHERE job_id = $id AND progress = 1 ORDER BY sequence DESC LIMIT 1 OFFSET $keep)
            """,
            ("$id", jobId),
            ("$keep", keep)
        );
}
