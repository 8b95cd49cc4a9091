using System.Diagnostics;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Prometheus;

namespace TrainingCluster.Telemetry;

/// <summary>How long gRPC calls take, by method and status. A stream counts when it ends.</summary>
public static class CallMetrics
{
    /// <summary>Measures all gRPC calls of a program. Call before its endpoints are mapped.</summary>
    /// <param name="app">The program's server.</param>
    /// <param name="published">Gets <c>training_cluster_rpc_duration_seconds</c>.</param>
    public static void MeasureCalls(this WebApplication app, ProgramMetrics published)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(published);
        var seconds = published.Factory.CreateHistogram(
            "training_cluster_rpc_duration_seconds",
            "Time of the gRPC calls that this process served, by method and status code; streams from their start to their end.",
            ["method", "code"],
            new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.001, 4, 10) }
        );
        app.Use(
            async (http, next) =>
            {
                // Only methods that exist: what a stranger calls is no label.
                if (http.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is not { Method: { } method })
                {
                    await next(http);
                    return;
                }
                var start = Stopwatch.GetTimestamp();
                try
                {
                    await next(http);
                }
                finally
                {
                    seconds.WithLabels(method.FullName.TrimStart('/'), CodeOf(http)).Observe(Stopwatch.GetElapsedTime(start).TotalSeconds);
                }
            }
        );
    }

    private static string CodeOf(HttpContext http) => (CallStatus.Of(http) ?? Grpc.Core.StatusCode.Cancelled).ToString();
}
