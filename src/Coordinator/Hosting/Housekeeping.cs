using Microsoft.Extensions.Options;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>Removes ended jobs whose time to be kept is over, and counts jobs for the metrics.</summary>
internal sealed partial class Housekeeping(
    JobStore store,
    CheckpointLibrary files,
    CoordinatorMetrics metrics,
    TimeProvider time,
    IOptions<ServingOptions> options,
    ILogger<Housekeeping> logger
) : BackgroundService
{
    private const int Batch = 100;

    protected override async Task ExecuteAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Value.HousekeepingInterval, time);
        do
        {
            try
            {
                metrics.RemoveEnded();
                metrics.SetJobs(await store.CountByStateAsync());
                await RemoveExpiredAsync();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or Microsoft.Data.Sqlite.SqliteException)
            {
                LogFailed(e.Message);
            }
        } while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task RemoveExpiredAsync()
    {
        while (await store.ExpiredAsync(Batch) is { Count: > 0 } expired)
        {
            foreach (var job in expired)
            {
                await store.DeleteAsync(job.Id);
                files.Remove(job.Id);
                LogExpired(job.Id, job.TtlSeconds);
            }
        }
    }

    [LoggerMessage(EventId = 230, Level = LogLevel.Information, Message = "{Job} is removed: it ended more than {Seconds} s ago")]
    private partial void LogExpired(string job, long seconds);

    [LoggerMessage(EventId = 231, Level = LogLevel.Warning, Message = "housekeeping failed, will try again: {Problem}")]
    private partial void LogFailed(string problem);
}
