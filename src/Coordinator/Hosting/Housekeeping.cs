using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>Removes ended jobs whose time to be kept is over, and counts jobs for the metrics.</summary>
internal sealed partial class Housekeeping(JobStore store, CheckpointLibrary files, CoordinatorMetrics metrics, TimeProvider time, ILogger<Housekeeping> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                metrics.SetJobs(await store.CountByState());
                await RemoveExpired();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or Microsoft.Data.Sqlite.SqliteException)
            {
                LogFailed(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task RemoveExpired()
    {
        foreach (var job in await store.EndedJobs())
        {
            var ttl = job.Spec.TtlSecondsAfterFinished;
            if (ttl == 0 || job.Record.Ended is not { } ended || ended + TimeSpan.FromSeconds(ttl) > time.GetUtcNow()) continue;
            await store.Delete(job.Id);
            files.Remove(job.Id);
            LogExpired(job.Id, ttl);
        }
    }

    [LoggerMessage(EventId = 230, Level = LogLevel.Information, Message = "{JobId} is removed: it ended more than {Seconds} s ago")]
    private partial void LogExpired(string jobId, long seconds);

    [LoggerMessage(EventId = 231, Level = LogLevel.Warning, Message = "housekeeping failed, will try again: {Problem}")]
    private partial void LogFailed(string problem);
}
