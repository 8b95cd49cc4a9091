using System.Globalization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Hosting;
using TrainingCluster.Telemetry;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>The coordinator's process, from its options to its end.</summary>
public static partial class CoordinatorHost
{
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// 1. checks the options; 2. opens the store; 3. serves gRPC and HTTP; 4. starts the actors; 5. says that it is ready;
    /// 6. waits for the end; 7. ends in the opposite order. Jobs keep their state, and workers train on.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> Run(CoordinatorOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        // 1.
        var address = ListenAddress.Parse(options.Host, options.Advertise);
        address.RequireFree(options.GrpcPort, "--grpc-port");
        address.RequireFree(options.HttpPort, "--http-port");
        address.RequireFree(options.ClusterPort, "--cluster-port");
        var data = new DataFolder(options.Data);
        data.Prepare();
        var time = TimeProvider.System;
        // 2.
        await using var store = await JobStore.Open(data.Database, time);
        // 3.
        var control = new ActorJobControl(store);
        var published = new ProgramMetrics("coordinator");
        var metrics = new CoordinatorMetrics(published.Factory, time);
        await using var app = BuildWebApplication(options, address, data, store, control, metrics, time);
        using var refusals = new Refusals(published.Factory, app.Services.GetRequiredService<ILoggerFactory>());
        refusals.Watch(app);
        MapEndpoints(app, published);
        await app.StartAsync(cancel);
        var ports = app.Urls.Select(u => new Uri(u).Port).ToArray();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(CoordinatorHost));
        // 4.
        using var system = ActorSystem.Create(ActorConfiguration.SystemName, ConfigurationFactory.ParseString(
            ActorConfiguration.Hocon(address.Bind, address.Advertised, options.ClusterPort, ActorConfiguration.CoordinatorRole)));
        var cluster = Cluster.Get(system);
        var settings = new CoordinatorSettings { Incarnation = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture), GrpcAddress = address.Http(ports[0]) };
        // Who is there and what is late is not judged by a clock that somebody may set.
        var steady = new SteadyTime(time);
        var context = new JobActorContext(settings, store, app.Services.GetRequiredService<CheckpointLibrary>(), metrics, steady, app.Services.GetRequiredService<ILoggerFactory>());
        system.ActorOf(Props.Create(() => new RefusedPeers(refusals)), "refused-peers");
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.RegisterOnMemberUp(() => up.TrySetResult());
        cluster.Join(cluster.SelfAddress);
        await up.Task.WaitAsync(cancel);
        control.Connect(system.ActorOf(Props.Create(() => new CoordinatorActor(settings, context, new ClusterMembership(system, steady))), CoordinatorActor.Name));
        // 5.
        var ready = new ReadyFile(address.Http(ports[0]), address.Http(ports[1]), address.HostPort(cluster.SelfAddress.Port ?? 0), Environment.ProcessId);
        app.Services.GetRequiredService<Readiness>().IsReady = true;
        if (options.ReadyFile is { } path) ready.Write(path);
        LogReady(logger, BuildInfo.Version, ready.Grpc, ready.Http, ready.Cluster, data.Root);
        // 6.
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        if (options.ParentPid is { } parent) _ = EndWithParent(parent, lifetime, time);
        using var ended = cancel.Register(lifetime.StopApplication);
        await app.WaitForShutdownAsync(CancellationToken.None);
        // 7.
        LogEnding(logger);
        var left = CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClrExitReason.Instance);
        await Task.WhenAny(left, Task.Delay(LeavePatience, time, CancellationToken.None));
        if (options.ReadyFile is { } file) File.Delete(file);
        return ProgramExit.Clean;
    }

    private static WebApplication BuildWebApplication(
        CoordinatorOptions options, ListenAddress address, DataFolder data, JobStore store, ActorJobControl control, CoordinatorMetrics metrics, TimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole(c => (c.SingleLine, c.TimestampFormat, c.UseUtcTimestamp) = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ", true))
            .AddFilter("Microsoft", LogLevel.Warning).AddFilter("Grpc", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // The first is gRPC's, the second the browser's and Prometheus': their order tells them apart when ports are chosen by the system.
            kestrel.Listen(address.Bind, options.GrpcPort, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(address.Bind, options.HttpPort, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Limits.Http2.InitialStreamWindowSize = 4 * 1024 * 1024;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 16 * 1024 * 1024;
            // A worker that computes may send the next piece of its checkpoint late.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        // Watchers hold their streams open for as long as a job lasts: ending does not wait for them.
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.Services.AddSingleton(data).AddSingleton(store).AddSingleton(metrics).AddSingleton(time).AddSingleton<Readiness>();
        builder.Services.AddSingleton<IJobControl>(control);
        builder.Services.AddHostedService<Housekeeping>();
        builder.Services.AddCoordinatorGrpc();
        return builder.Build();
    }

    private static void MapEndpoints(WebApplication app, ProgramMetrics published)
    {
        app.MapCoordinatorGrpc();
        published.Map(app);
        app.MapGet("/healthz", () => "ok\n");
        app.MapGet("/readyz", (Readiness readiness) => readiness.IsReady ? Results.Text("ready\n") : Results.Text("starting\n", statusCode: 503));
        app.MapStatusPage();
    }

    private static async Task EndWithParent(int pid, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        try
        {
            await ParentWatch.Gone(pid, time, lifetime.ApplicationStopping);
            lifetime.StopApplication();
        }
        catch (OperationCanceledException)
        {
            // Ending already.
        }
    }

    [LoggerMessage(EventId = 220, Level = LogLevel.Information, Message = "coordinator {Version} is ready: gRPC {Grpc}, HTTP {Http}, workers join {Cluster}, data in {Data}")]
    private static partial void LogReady(ILogger logger, string version, string grpc, string http, string cluster, string data);

    [LoggerMessage(EventId = 221, Level = LogLevel.Information, Message = "ending; jobs keep their state, workers train on")]
    private static partial void LogEnding(ILogger logger);
}
