using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using TrainingCluster.Hosting;
using TrainingCluster.Telemetry;
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

/// <summary>Whether the training thread works. A stuck one does not come back: the process must start anew.</summary>
/// <param name="options">When it counts as stuck.</param>
internal sealed class TrainingCheck(IOptions<HealthOptions> options) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            TrainingThread.Clock.Stuck(options.Value.PhaseTimeout) is var (phase, since)
                ? HealthCheckResult.Unhealthy(
                    $"the training thread has been in its phase {phase.ToString().ToLowerInvariant()} for {since.TotalSeconds:0} s"
                )
                : HealthCheckResult.Healthy()
        );
}
