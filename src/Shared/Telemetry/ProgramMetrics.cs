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
    private static readonly TimeSpan s_diskAnswer = TimeSpan.FromMilliseconds(500);
    private readonly Gauge _certificateEnd;

    /// <summary>A registry with <c>training_cluster_build_info</c> and the process' own metrics.</summary>
    /// <param name="program">"coordinator" or "worker".</param>
    /// <param name="worker">A worker's name, which all its series carry; null: the program is none.</param>
    public ProgramMetrics(string program, string? worker = null)
    {
        if (worker is not null)
        {
            Registry.SetStaticLabels(new Dictionary<string, string>(StringComparer.Ordinal) { ["worker"] = worker });
        }
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

    /// <summary>Publishes how much room the disk of a folder has.</summary>
    /// <param name="folder">The program's data folder; it exists.</param>
    public void PublishDisk(string folder)
    {
        var free = Factory.CreateGauge(
            "training_cluster_disk_free_bytes",
            "Room that this process may use on the disk of its data folder."
        );
        var size = Factory.CreateGauge("training_cluster_disk_size_bytes", "Size of the disk of this process' data folder.");
        var asked = Task.CompletedTask;
        Registry.AddBeforeCollectCallback(_ =>
        {
            // A disk that does not answer must not keep the scrape from saying so by the other metrics.
            if (asked.IsCompleted)
            {
                asked = Task.Run(() => Read(folder, free, size), CancellationToken.None);
            }
            return Task.WhenAny(asked, Task.Delay(s_diskAnswer, CancellationToken.None));
        });
    }

    private static void Read(string folder, Gauge free, Gauge size)
    {
        try
        {
            var disk = new DriveInfo(folder);
            free.Set(disk.AvailableFreeSpace);
            size.Set(disk.TotalSize);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder is gone: nothing can be stored there.
            free.Set(0);
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
