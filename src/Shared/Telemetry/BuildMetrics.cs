using Prometheus;
using TrainingCluster.Hosting;

namespace TrainingCluster.Telemetry;

/// <summary>The metric that says what runs.</summary>
public static class BuildMetrics
{
    /// <summary>Publishes <c>training_cluster_build_info</c>, always 1.</summary>
    /// <param name="factory">Of the registry.</param>
    /// <param name="program">"coordinator" or "worker".</param>
    public static void Publish(MetricFactory factory, string program)
    {
        ArgumentNullException.ThrowIfNull(factory);
        factory.CreateGauge("training_cluster_build_info", "What runs here; always 1.", "program", "version", "runtime")
            .WithLabels(program, BuildInfo.Version, Environment.Version.ToString()).Set(1);
    }
}
