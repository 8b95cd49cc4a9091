using Microsoft.Extensions.Diagnostics.HealthChecks;
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
internal sealed class CoordinatorCheck(CoordinatorLink link) : IHealthCheck
{
    private static readonly TimeSpan s_within = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            link.HeardWithin(s_within) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("the coordinator does not answer")
        );
}
