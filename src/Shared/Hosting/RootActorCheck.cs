using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace TrainingCluster.Hosting;

/// <summary>Asks an actor whether it lives: neither an actor system that has ended nor an actor that is gone or hangs can say so.</summary>
/// <typeparam name="TActor">By which it is registered.</typeparam>
public sealed class RootActorCheck<TActor> : IAkkaHealthCheck
{
    private static readonly TimeSpan s_answerWithin = TimeSpan.FromSeconds(5);

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
            var answer = await actor.Ask<ActorIdentity>(new Identify(null), s_answerWithin, cancellationToken);
            return answer.Subject is null ? HealthCheckResult.Unhealthy($"{name} has ended") : HealthCheckResult.Healthy();
        }
        catch (AskTimeoutException)
        {
            return HealthCheckResult.Unhealthy($"{name} has not answered for {s_answerWithin.TotalSeconds:0} s");
        }
    }
}
