using Microsoft.AspNetCore.Routing;
using Prometheus;
using TrainingCluster.Hosting;
using TrainingCluster.Security;

namespace TrainingCluster.Telemetry;

/// <summary>
/// What a program publishes at <c>/metrics</c>: a registry of its own, in which stands what we chose and nothing else.
/// docs/metrics.md lists it; tests hold the list against the code.
/// </summary>
/// <remarks>
/// prometheus-net's default registry would add every event counter and every meter of .NET and of libraries, under names that
/// Prometheus' conventions refuse, and counts about itself. It starts to listen to them when it is first read, which it never is.
/// </remarks>
public sealed class ProgramMetrics
{
    private readonly Gauge _certificateEnd;

    /// <summary>A registry with <c>training_cluster_build_info</c> and the process' own metrics.</summary>
    /// <param name="program">"coordinator" or "worker".</param>
    public ProgramMetrics(string program)
    {
        Factory = Metrics.WithCustomRegistry(Registry);
        Factory
            .CreateGauge("training_cluster_build_info", "What runs here; always 1.", "program", "version", "runtime")
            .WithLabels(program, BuildInfo.Version, Environment.Version.ToString())
            .Set(1);
        ProcessMetrics.Publish(Factory, Registry);
        _certificateEnd = Factory.CreateGauge(
            "training_cluster_certificate_end_timestamp_seconds",
            "When this process' certificate ends, in seconds since 1970; 0: it has none."
        );
    }

    /// <summary>Publishes when the process' certificate ends, which is replaced while the process runs.</summary>
    /// <param name="identity">Null: it has none.</param>
    public void PublishCertificate(ClusterIdentity? identity)
    {
        if (identity is not null)
        {
            Registry.AddBeforeCollectCallback(() =>
                _certificateEnd.Set(new DateTimeOffset(identity.Certificate.NotAfter).ToUnixTimeSeconds())
            );
        }
    }

    /// <summary>What is published.</summary>
    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    /// <summary>Makes metrics in <see cref="Registry"/>.</summary>
    public MetricFactory Factory { get; }

    /// <summary>Serves them at <c>/metrics</c>.</summary>
    /// <param name="endpoints">The program's.</param>
    public void Map(IEndpointRouteBuilder endpoints) => endpoints.MapMetrics("/metrics", Registry);
}
