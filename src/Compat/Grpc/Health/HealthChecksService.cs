using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.AspNetCore.HealthChecks.Internal;

/// <summary>The health protocol over the application's health checks.</summary>
internal sealed class HealthChecksService(
    HealthServiceImpl published,
    HealthCheckService checks,
    IOptions<HealthCheckOptions> checkOptions,
    IOptions<GrpcHealthChecksOptions> options,
    IHostApplicationLifetime lifetime)
    : Health.V1.Health.HealthBase
{
    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        if (options.Value.UseHealthChecksCache)
            return await published.Check(request, context);
        var status = await RunAsync(request.Service, context.CancellationToken);
        return status == ServingStatus.ServiceUnknown
            ? throw new RpcException(new Status(StatusCode.NotFound, ""))
            : new HealthCheckResponse { Status = status };
    }

    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var stopping = options.Value.SuppressCompletionOnShutdown ? CancellationToken.None : lifetime.ApplicationStopping;
        using var until = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        Func<Task<ServingStatus>>? now =
            options.Value.UseHealthChecksCache ? null : () => RunAsync(request.Service, context.CancellationToken);
        await published.WatchAsync(request.Service, responseStream, now, until.Token);
        if (!context.CancellationToken.IsCancellationRequested)
            await responseStream.WriteAsync(new HealthCheckResponse { Status = ServingStatus.NotServing });
    }

    private async Task<ServingStatus> RunAsync(string service, CancellationToken cancellationToken)
    {
        if (!options.Value.Services.TryGet(service, out var mapping))
            return ServingStatus.ServiceUnknown;
        var report = await checks.CheckHealthAsync(
            check => checkOptions.Value.Predicate?.Invoke(check) != false
                && mapping.HealthCheckPredicate?.Invoke(new HealthCheckMapContext(check.Name, check.Tags)) != false,
            cancellationToken);
        return HealthStatuses.Of(report.Entries.Values);
    }
}

internal static class HealthStatuses
{
    /// <summary>Serving when no check is unhealthy; unknown when there is none.</summary>
    public static ServingStatus Of(IEnumerable<HealthReportEntry> entries)
    {
        var statuses = entries.Select(entry => entry.Status).ToList();
        return statuses.Count == 0 ? ServingStatus.Unknown
            : statuses.Contains(HealthStatus.Unhealthy) ? ServingStatus.NotServing
            : ServingStatus.Serving;
    }
}

/// <summary>Hands the results of the host's periodic checks to the watches.</summary>
internal sealed class GrpcHealthChecksPublisher(HealthServiceImpl published, IOptions<GrpcHealthChecksOptions> options) : IHealthCheckPublisher
{
    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        foreach (var mapping in options.Value.Services)
        {
            var entries = report.Entries
                .Where(entry => mapping.HealthCheckPredicate?.Invoke(new HealthCheckMapContext(entry.Key, entry.Value.Tags)) != false)
                .Select(entry => entry.Value);
            published.SetStatus(mapping.Name, HealthStatuses.Of(entries));
        }
        return Task.CompletedTask;
    }
}
