using System.Text;
using Prometheus;

namespace Compat.PrometheusNet.Tests;

/// <summary>A registry of its own for one test, and its text.</summary>
internal sealed class TestRegistry
{
    public CollectorRegistry Registry { get; } = Metrics.NewCustomRegistry();

    public MetricFactory Factory => Metrics.WithCustomRegistry(Registry);

    public async Task<string> TextAsync(ExpositionFormat format = ExpositionFormat.PrometheusText)
    {
        using var stream = new MemoryStream();
        await Registry.CollectAndExportAsTextAsync(stream, format);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
