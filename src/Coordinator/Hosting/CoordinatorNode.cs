using System.Globalization;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Cluster;
using Akka.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>
/// The coordinator's node in the cluster: its first member, and the one that the others join. It starts once the server listens, and ends
/// after it. The actor system stands in a small host of its own: a node keeps the certificate of its start, so one whose certificate was
/// replaced is made anew. Workers take that for a restart, and train on.
/// </summary>
/// <param name="provider">The program's services.</param>
/// <param name="options">Where it listens.</param>
/// <param name="logger">The log.</param>
internal sealed partial class CoordinatorNode(IServiceProvider provider, NodeOptions options, ILogger<CoordinatorNode> logger)
    : IHostedLifecycleService,
        IHealthCheck,
        IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private volatile TaskCompletionSource<IActorRef> _actor = Later();
    private IHost? _host;
    private CancellationToken _replaced;
    private Task _running = Task.CompletedTask;

    /// <summary>host:port of the actors, once they are up.</summary>
    public string Address => options.Address.HostPort(Port);

    /// <summary>Whether the actors have ended though nobody told them to: the program must start anew.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>The actor system of the moment; null: there is none.</summary>
    internal ActorSystem? System => _host?.Services.GetRequiredService<ActorSystem>();

    private int Port { get; set; } = options.Port;

    /// <summary>The coordinator's actor. While it is not there, who asks waits.</summary>
    public Task<IActorRef> ActorAsync(CancellationToken cancellationToken) => _actor.Task.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        NodeHealth.CheckAsync(_host, cancellationToken);

    /// <inheritdoc/>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        await StartNodeAsync();
        _running = RunAsync();
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _running;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        try
        {
            while (await EndedAsync(System!) == NodeEnd.Replaced)
            {
                LogReplaced();
                _actor = Later();
                await EndNodeAsync();
                await StartNodeAsync();
            }
        }
        catch (Exception e)
        {
            LogNotStarted(e);
            HasFailed = true;
        }
        // What has ended by itself has no actors that could say that they leave.
        HasFailed |= !_stopping.IsCancellationRequested;
        if (HasFailed)
        {
            provider.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        }
        await EndNodeAsync();
    }

    private async Task<NodeEnd> EndedAsync(ActorSystem system)
    {
        var replaced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = _replaced.Register(() => replaced.TrySetResult());
        var stopping = Task.Delay(Timeout.InfiniteTimeSpan, _stopping.Token);
        var first = await Task.WhenAny(system.WhenTerminated, replaced.Task, stopping);
        return first == replaced.Task ? NodeEnd.Replaced
            : first == stopping ? NodeEnd.Asked
            : NodeEnd.Unasked;
    }

    private async Task StartNodeAsync()
    {
        _replaced = options.Identity?.Replaced ?? CancellationToken.None;
        var host = Build();
        await host.StartAsync(CancellationToken.None);
        var system = host.Services.GetRequiredService<ActorSystem>();
        // The next one listens where workers know it.
        Port = Cluster.Get(system).SelfAddress.Port ?? 0;
        _host = host;
        _actor.TrySetResult(host.Services.GetRequiredService<ActorRegistry>().Get<CoordinatorActor>());
    }

    private async Task EndNodeAsync()
    {
        if (_host is { } host)
        {
            _host = null;
            await host.StopAsync(CancellationToken.None);
            host.Dispose();
        }
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(Of<ILoggerFactory>()).AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.AddHealthChecks();
        builder.Services.AddAkka(
            ActorConfiguration.SystemName,
            akka =>
                akka.WithNode(
                        options with
                        {
                            Port = Port,
                            Heartbeats = OptionsOf<HeartbeatOptions>(),
                            LogLevel = ProgramLogging.ActorLevel(Of<ILoggerFactory>()),
                        },
                        Of<Refusals>()
                    )
                    .WithHealthCheck("coordinator", new RootActorCheck<CoordinatorActor>(OptionsOf<HealthOptions>()))
                    .WithActors(StartActorsAsync)
        );
        return builder.Build();
    }

    private async Task StartActorsAsync(ActorSystem system, IActorRegistry registry)
    {
        var cluster = Cluster.Get(system);
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.RegisterOnMemberUp(() => up.TrySetResult());
        cluster.Join(cluster.SelfAddress);
        await up.Task.WaitAsync(Of<IHostApplicationLifetime>().ApplicationStopping);

        var served = Of<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var settings = OptionsOf<CoordinatorSettings>() with
        {
            Incarnation = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture),
            GrpcAddress = options.Address.Http(new Uri(served.First()).Port),
            Queue = OptionsOf<QueueOptions>(),
            Machine = OptionsOf<JobMachineOptions>() with
            {
                Rebalance = OptionsOf<RebalanceOptions>(),
                TokenKey = RandomNumberGenerator.GetBytes(32),
                Origin = new() { StoreId = Of<JobStore>().Id },
            },
        };
        // Presence and lateness are not judged by a clock that somebody may set.
        var time = new SteadyTime(Of<TimeProvider>());
        var context = new JobActorContext(
            settings,
            Of<JobStore>(),
            Of<CheckpointLibrary>(),
            Of<CoordinatorMetrics>(),
            Of<WorkerPulses>(),
            time,
            Of<ILoggerFactory>()
        );
        var membership = new ClusterMembership(system, settings, time);
        registry.Register<CoordinatorActor>(
            system.ActorOf(Props.Create(() => new CoordinatorActor(settings, context, membership)), CoordinatorActor.Name)
        );
    }

    private T Of<T>()
        where T : notnull => provider.GetRequiredService<T>();

    private T OptionsOf<T>()
        where T : class => Of<IOptions<T>>().Value;

    private static TaskCompletionSource<IActorRef> Later() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(
        EventId = 260,
        Level = LogLevel.Information,
        Message = "the certificate was replaced: the actors start anew with it; training is not touched"
    )]
    private partial void LogReplaced();

    [LoggerMessage(EventId = 261, Level = LogLevel.Error, Message = "the actors cannot start anew")]
    private partial void LogNotStarted(Exception error);

    private enum NodeEnd
    {
        Asked,
        Unasked,
        Replaced,
    }
}

/// <summary>The node among the program's services.</summary>
internal static class CoordinatorNodeServices
{
    /// <summary>Adds the node, and the check that its actors live.</summary>
    public static IServiceCollection AddCoordinatorNode(this IServiceCollection services, NodeOptions options)
    {
        services
            .AddSingleton<WorkerPulses>()
            .AddSingleton(provider => ActivatorUtilities.CreateInstance<CoordinatorNode>(provider, options))
            .AddHostedService(provider => provider.GetRequiredService<CoordinatorNode>())
            .AddHealthChecks()
            .AddCheck<CoordinatorNode>("coordinator");
        return services;
    }
}
