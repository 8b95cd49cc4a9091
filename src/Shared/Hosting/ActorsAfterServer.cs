using Akka.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace TrainingCluster.Hosting;

/// <summary>
/// Starts the actors after everything else: once the server listens they can tell others where, and until they are up its health says that
/// they are not. They end after the server, through CoordinatedShutdown.
/// </summary>
/// <param name="builder">The actor system to be.</param>
/// <param name="provider">The program's services.</param>
/// <param name="logger">The log.</param>
/// <param name="lifetime">Ends the program when the actor system ends.</param>
public sealed class ActorsAfterServer(
    AkkaConfigurationBuilder builder,
    IServiceProvider provider,
    ILogger<AkkaHostedService> logger,
    IHostApplicationLifetime lifetime
) : AkkaHostedService(builder, provider, logger, lifetime), IHostedLifecycleService
{
    /// <inheritdoc/>
    public override Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => base.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
