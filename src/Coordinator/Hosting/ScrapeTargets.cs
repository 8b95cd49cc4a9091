using TrainingCluster.Coordinator.Control;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>
/// Tells Prometheus where the workers' metrics are, in the form of its HTTP service discovery: workers come and go, and choose their ports.
/// </summary>
internal static class ScrapeTargets
{
    /// <summary>Where it is asked for. As open as the metrics: addresses, and nothing of jobs.</summary>
    public const string Path = "/targets";

    /// <summary>Maps it.</summary>
    public static void MapScrapeTargets(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet(
            Path,
            async (IJobControl control, CancellationToken cancellationToken) =>
            {
                var cluster = await control.ClusterAsync(cancellationToken);
                return Results.Json(
                    cluster
                        .Workers.Where(worker => worker.HttpAddress.Length > 0)
                        .Select(worker => new Uri(worker.HttpAddress))
                        .GroupBy(address => address.Scheme, StringComparer.Ordinal)
                        .Select(group => new
                        {
                            targets = group.Select(address => address.Authority),
                            labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["__scheme__"] = group.Key },
                        })
                );
            }
        );
}
