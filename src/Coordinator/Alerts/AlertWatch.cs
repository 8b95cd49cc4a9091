using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Security;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Alerts;

/// <summary>Gathers the facts again and again, and has them judged.</summary>
internal sealed partial class AlertWatch(
    JobStore store,
    IJobControl control,
    CoordinatorMetrics metrics,
    DataFolder data,
    AlertBoard board,
    TimeProvider time,
    IOptions<ServingOptions> options,
    ILogger<AlertWatch> logger,
    ClusterIdentity? identity = null
) : BackgroundService
{
    private const int MostFailed = 50;

    private static readonly JobFilter s_failed = JobFilter.Parse("state = FAILED");

    protected override async Task ExecuteAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Value.HousekeepingInterval, time);
        do
        {
            try
            {
                board.Judge(await GatherAsync(cancellationToken));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException or Akka.Actor.AskTimeoutException)
            {
                LogFailed(e.Message);
            }
        } while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task<AlertFacts> GatherAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var cluster = await control.ClusterAsync(cancellationToken);
        var alive = await store.NotEndedAsync();
        var failed = await store.ListAsync(null, s_failed, MostFailed);
        return new()
        {
            Now = now,
            Missing = metrics.Missing,
            Failed = [.. failed.Where(job => job.Record.Ended > now - JobGauges.Kept).Select(Of)],
            Running = [.. alive.Where(job => job.Record.Phase.ToJobState() == JobState.Running).Select(Of)],
            QueuedJobs = alive.Count(job => job.Record.Phase.ToJobState() == JobState.Queued),
            IdleWorkers = cluster.Workers.Count(worker => worker.State == WorkerState.Idle),
            Disk = DiskUse.Of(data.Root),
            CertificateEnd = identity is null ? null : new DateTimeOffset(identity.Certificate.NotAfter),
        };

        AlertJob Of(StoredJob job) => new(job.Id, job.Namespace, job.Record.Reason, metrics.Vitals.Of(job.Id));
    }

    [LoggerMessage(EventId = 271, Level = LogLevel.Warning, Message = "alerts could not be judged, will try again: {Problem}")]
    private partial void LogFailed(string problem);
}
