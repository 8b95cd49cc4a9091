using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Hosting;
using TrainingCluster.Settings;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>Whether the job store answers: without it no call is answered and no job changes.</summary>
internal sealed class StoreCheck(JobStore store, IOptions<HealthOptions> options, TimeProvider time) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await store.PingAsync().WaitAsync(options.Value.AnswerTimeout, time, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (TimeoutException)
        {
            return HealthCheckResult.Unhealthy($"the job store has not answered for {Duration.Format(options.Value.AnswerTimeout)}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy($"the job store fails: {e.Message}");
        }
    }
}

/// <summary>Whether the data folder can be written to. Where it cannot, a restart does not help, but somebody must make room.</summary>
internal sealed class DataFolderCheck(DataFolder data) : IHealthCheck
{
    /// <summary>What a call needs at least; a disk that is full to the last byte fails for less.</summary>
    private const int ProbeBytes = 4 * 1024;

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var probe = Path.Combine(data.Uploads, ".probe");
        try
        {
            await File.WriteAllBytesAsync(probe, new byte[ProbeBytes], cancellationToken);
            File.Delete(probe);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return HealthCheckResult.Unhealthy($"the data folder cannot be written to: {e.Message}");
        }
    }
}
