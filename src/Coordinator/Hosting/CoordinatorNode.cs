using System.Globalization;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
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
                akka.WithNode(node with { Heartbeats = Of<HeartbeatOptions>(provider) }, provider.GetRequiredService<Refusals>())
                    .WithHealthCheck("coordinator", new RootActorCheck<CoordinatorActor>(Of<HealthOptions>(provider)))
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
        var settings = Of<CoordinatorSettings>(provider) with
        {
            Incarnation = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture),
            GrpcAddress = address.Http(new Uri(served.First()).Port),
            Machine = Of<JobMachineOptions>(provider) with
            {
                Rebalance = Of<RebalanceOptions>(provider),
                TokenKey = RandomNumberGenerator.GetBytes(32),
                StoreId = provider.GetRequiredService<JobStore>().Id,
            },
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
        var membership = new ClusterMembership(system, settings, time);
        registry.Register<CoordinatorActor>(
            system.ActorOf(Props.Create(() => new CoordinatorActor(settings, context, membership)), CoordinatorActor.Name)
        );
    }

    private static T Of<T>(IServiceProvider provider)
        where T : class => provider.GetRequiredService<IOptions<T>>().Value;
}
