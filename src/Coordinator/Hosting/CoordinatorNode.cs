using System.Globalization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Hosting;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>The coordinator's node in the cluster: its first member, and the one that the others join.</summary>
internal static class CoordinatorNode
{
    /// <summary>Adds the actor system to the program.</summary>
    public static IServiceCollection AddCoordinatorNode(this IServiceCollection services, NodeOptions node) =>
        services.AddAkka<ActorsAfterServer>(
            ActorConfiguration.SystemName,
            (akka, provider) =>
                akka.WithNode(node, provider.GetRequiredService<Refusals>())
                    .WithHealthCheck<RootActorCheck<CoordinatorActor>>("coordinator")
                    .WithActors((system, registry) => StartAsync(system, registry, provider, node.Address))
        );

    private static async Task StartAsync(ActorSystem system, IActorRegistry registry, IServiceProvider provider, ListenAddress address)
    {
        var cluster = Cluster.Get(system);
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.RegisterOnMemberUp(() => up.TrySetResult());
        cluster.Join(cluster.SelfAddress);
        await up.Task.WaitAsync(provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);

        var served = provider.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var settings = new CoordinatorSettings
        {
            Incarnation = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture),
            GrpcAddress = address.Http(new Uri(served.First()).Port),
        };
        // Presence and lateness are not judged by a clock that somebody may set.
        var time = new SteadyTime(provider.GetRequiredService<TimeProvider>());
        var context = new JobActorContext(
            settings,
            provider.GetRequiredService<JobStore>(),
            provider.GetRequiredService<CheckpointLibrary>(),
            provider.GetRequiredService<CoordinatorMetrics>(),
            time,
            provider.GetRequiredService<ILoggerFactory>()
        );
        var membership = new ClusterMembership(system, time);
        registry.Register<CoordinatorActor>(
            system.ActorOf(Props.Create(() => new CoordinatorActor(settings, context, membership)), CoordinatorActor.Name)
        );
    }
}
