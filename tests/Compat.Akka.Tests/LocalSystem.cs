using Akka.Actor;
using Akka.Configuration;

namespace TrainingCluster.Compat.Akka.Tests;

/// <summary>A quiet actor system without a network, one a test class instance.</summary>
public abstract class LocalSystem : IAsyncLifetime
{
    protected ActorSystem System { get; } = ActorSystem.Create("local", ConfigurationFactory.ParseString("akka { loglevel = OFF, stdout-loglevel = OFF }"));

    protected static TimeSpan Patience => Probe.Patience;

    protected Probe NewProbe() => new(System);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await System.Terminate();
        GC.SuppressFinalize(this);
    }
}
