using Microsoft.Extensions.Diagnostics.HealthChecks;
using TrainingCluster.Serving.Api;
using TrainingCluster.Serving.Models;

namespace TrainingCluster.Serving.Hosting;

/// <summary>Whether calls are let in. Starting a server anew that ends does not help.</summary>
internal sealed class GateCheck(CallGate gate) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            gate.IsClosed
                ? HealthCheckResult.Unhealthy("the server ends, and answers only what it has taken before")
                : HealthCheckResult.Healthy()
        );
}

/// <summary>Whether there is a model to call, and whether the coordinator answers.</summary>
internal sealed class ModelsCheck(ModelLibrary library) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        string[] problems = library.List().Any(view => view.Loaded is not null || view.Offer.IsThere)
            ? []
            : [.. library.Silent().DefaultIfEmpty("no model can be called yet")];
        return Task.FromResult(
            problems.Length == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join("; ", problems))
        );
    }
}
