using Microsoft.Data.Sqlite;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Store;

/// <summary>A store with many jobs that have ended. One is stored by the program, the others are its copies.</summary>
internal static class ManyJobs
{
    public static async Task FillAsync(string database, int count)
    {
        var now = TimeProvider.System.GetUtcNow();
        var start = JobMachine.Create("ended-0", JobSpecDefaults.Fill(new JobSpec { TtlSecondsAfterFinished = 2_592_000 }), now);
        await using (var store = await JobStore.OpenAsync(database, TimeProvider.System))
        {
            await store.CreateAsync(new(0, start.JobId, "", start.Spec, now, start.Record, new()), start.Spec);
            var ended = start.Record with { Phase = JobPhase.Succeeded, Reason = "all steps are done", Started = now, Ended = now };
            await store.SaveAsync(
                start.JobId,
                ended,
                new() { Step = 1000, TotalStepCount = 1000 },
                [
                    new JobEvent
                    {
                        Generation = new() { Generation = 1, Workers = { "worker-0", "worker-1" } },
                    },
                    new JobEvent
                    {
                        Evaluation = new() { Step = 1000, Bleu = 40 },
                    },
                    new JobEvent { Progress = new() { Step = 1000 } },
                    new JobEvent { State = new() { State = JobState.Succeeded } },
                ]
            );
        }
        await using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        await connection.OpenAsync();
        using var copy = connection.CreateCommand();
        copy.CommandText = """
            PRAGMA synchronous = OFF;
            BEGIN;
            CREATE TEMP TABLE copies AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $last) SELECT i FROM n;
            INSERT INTO jobs (id, spec, spec_sent, ttl_seconds, created, state, phase, reason, generation, started, ended, weights_sha256,
                progress)
            SELECT 'ended-' || i, spec, spec_sent, ttl_seconds, created, state, phase, reason, generation, started, ended, weights_sha256,
                progress FROM copies, jobs WHERE id = 'ended-0';
            INSERT INTO events (job_id, sequence, progress, event)
            SELECT 'ended-' || i, sequence, progress, event FROM copies, events WHERE job_id = 'ended-0';
            COMMIT;
            """;
        copy.Parameters.AddWithValue("$last", count - 1);
        await copy.ExecuteNonQueryAsync();
    }
}
