using Microsoft.Extensions.Hosting;

namespace TrainingCluster.Hosting;

/// <summary>For programs that take signals themselves: a worker must go on serving its peers while it drains.</summary>
public sealed class QuietLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
