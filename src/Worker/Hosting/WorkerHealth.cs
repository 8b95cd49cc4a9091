using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using TrainingCluster.Worker.Actors;

namespace TrainingCluster.Worker.Hosting;

/// <summary>Whether the worker's actors live.</summary>
/// <param name="node">Theirs.</param>
internal sealed class ActorsCheck(WorkerNode node) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        node.CheckHealthAsync(cancellationToken);
}

/// <summary>Whether the coordinator answers: without it the worker trains on, but gets no job.</summary>
/// <param name="link">What is known of it.</param>
/// <param name="times">How long it may be silent.</param>
internal sealed class CoordinatorCheck(CoordinatorLink link, IOptions<WorkerTimes> times) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            link.HeardWithin(times.Value.CoordinatorTimeout)
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("the coordinator does not answer")
        );
}
