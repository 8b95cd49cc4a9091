using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Kubernetes.Api;
using TrainingCluster.Coordinator.Kubernetes.Decisions;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>
/// Holds the workers' StatefulSet against the queue, as <see cref="WorkerScaling"/> decides. A StatefulSet ends its last pods first; a
/// worker that is told to end hands over before it goes.
/// </summary>
internal sealed partial class WorkerScaler(
    TrainingJobApi api,
    IJobControl control,
    KubernetesAccess access,
    KubernetesOptions options,
    TimeProvider time,
    ILogger<WorkerScaler> logger
)
{
    /// <summary>Does it until it is cancelled; at once where nothing is to be scaled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (access.Workers is not { } bounds)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            return;
        }
        WorkerScale? last = null;
        using var timer = new PeriodicTimer(options.ScaleInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                if (await api.ReplicasAsync(access.Home, bounds.StatefulSet, cancellationToken) is not { } present)
                {
                    LogMissing(bounds.StatefulSet, access.Home);
                    continue;
                }
                var queue = await control.QueueAsync("", cancellationToken);
                var next = WorkerScaling.Decide(queue, present, last, time.GetUtcNow(), bounds, options.IdleWorkers);
                if (next.Replicas != present)
                {
                    LogScales(bounds.StatefulSet, next.Replicas, next.Reason);
                    await api.ScaleAsync(access.Home, bounds.StatefulSet, next.Replicas, cancellationToken);
                }
                last = next;
            }
            catch (Exception e) when (ApiError.IsOne(e) || e is OperationCanceledException or Akka.Actor.AskTimeoutException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                LogFailed(bounds.StatefulSet, ApiError.TextOf(e));
            }
        }
    }

    [LoggerMessage(EventId = 292, Level = LogLevel.Information, Message = "StatefulSet {Name} is scaled to {Replicas}: {Reason}")]
    private partial void LogScales(string name, int replicas, string reason);

    [LoggerMessage(
        EventId = 293,
        Level = LogLevel.Warning,
        Message = "there is no StatefulSet {Name} in namespace {Namespace} to be scaled"
    )]
    private partial void LogMissing(string name, string @namespace);

    [LoggerMessage(EventId = 294, Level = LogLevel.Warning, Message = "StatefulSet {Name} could not be scaled: {Problem}")]
    private partial void LogFailed(string name, string problem);
}
