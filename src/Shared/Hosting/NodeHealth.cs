using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace TrainingCluster.Hosting;

/// <summary>Whether the actors live that stand in a small host of their own, and are made anew now and then.</summary>
public static class NodeHealth
{
    /// <summary>Asks the host's own checks.</summary>
    /// <param name="host">The one of the moment; null: there is none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<HealthCheckResult> CheckAsync(IHost? host, CancellationToken cancellationToken)
    {
        if (host is null)
        {
            return HealthCheckResult.Unhealthy("the actors are not up");
        }
        try
        {
            var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(cancellationToken);
            return new(report.Status, string.Join("; ", report.Entries.Values.Select(entry => entry.Description).OfType<string>()));
        }
        catch (ObjectDisposedException)
        {
            return HealthCheckResult.Unhealthy("the actors are being made anew");
        }
    }
}
