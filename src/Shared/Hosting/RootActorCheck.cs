using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using TrainingCluster.Settings;

namespace TrainingCluster.Hosting;

/// <summary>Asks an actor whether it lives: neither an actor system that has ended nor an actor that is gone or hangs can say so.</summary>
/// <typeparam name="TActor">By which it is registered.</typeparam>
/// <param name="options">How long it may take to answer.</param>
public sealed class RootActorCheck<TActor>(HealthOptions options) : IAkkaHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(AkkaHealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var name = typeof(TActor).Name;
        if (context.ActorSystem.WhenTerminated.IsCompleted)
        {
            return HealthCheckResult.Unhealthy("the actor system has ended");
        }
        if (!context.ActorRegistry.TryGet<TActor>(out var actor))
        {
            return HealthCheckResult.Unhealthy($"{name} has not started yet");
        }
        try
        {
            var answer = await actor.Ask<ActorIdentity>(new Identify(null), options.AnswerTimeout, cancellationToken);
            return answer.Subject is null ? HealthCheckResult.Unhealthy($"{name} has ended") : HealthCheckResult.Healthy();
        }
        catch (AskTimeoutException)
        {
            return HealthCheckResult.Unhealthy($"{name} has not answered for {Duration.Format(options.AnswerTimeout)}");
        }
    }
}
