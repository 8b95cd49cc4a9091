using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Alerts;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Kubernetes;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Telemetry;
using TrainingCluster.Coordinator.Web;
using TrainingCluster.Files;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Security;
using TrainingCluster.Settings;
using TrainingCluster.Telemetry;
using TrainingCluster.Web;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>The coordinator's process, from its options to its end.</summary>
public static partial class CoordinatorHost
{
    /// <summary>
    /// 1. checks the options; 2. opens the store; 3. puts the program together; 4. serves gRPC and HTTP, then starts the actors; 5. says
    /// that it is ready; 6. waits for the end; 7. serves workers that end too; 8. ends in the opposite order. Jobs keep their state, and
    /// workers that stay train on.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(CoordinatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        // 1.
        await using var settings = ProgramSettings.Validated(CoordinatorSections.All, options.Settings);
        var address = options.FreeAddress();
        options.Access.Check(address.Tls);
        address.RequireFree(options.ClusterPort, "--cluster-port");
        var time = TimeProvider.System;
        var logs = settings.GetRequiredService<IOptions<LoggingOptions>>().Value;
        var data = new DataFolder(options.Data);
        using var loggers = LoggerFactory.Create(logging => ProgramLogging.Configure(logging, logs));
        using var tracing = ProgramTracing.Start("coordinator", address.Advertised, loggers);
        using var identity = options.LoadIdentity(CertificateRole.Coordinator, time, loggers);
        var access = new AccessControl(options.Access, time, loggers.CreateLogger<AccessControl>());
        using var held = await FolderLock.TakeAsync(data.Root, "--data", "coordinator", time);
        data.Prepare();
        // 2.
        await using var store = await JobStore.OpenAsync(data.Database, time);
        // 3.
        await using var app = BuildWebApplication(options, address, identity, access, data, store, logs, time);
        app.Services.GetRequiredService<Refusals>().Watch(app);
        MapEndpoints(app, app.Services.GetRequiredService<ProgramMetrics>());
        // 4.
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        using var end = new EndSignals(time);
        if (options.ParentPid is { } parent)
        {
            _ = end.WatchAsync(parent);
        }
        await app.StartAsync();
        var ports = app.Urls.Select(u => new Uri(u).Port).ToArray();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(CoordinatorHost));
        var node = app.Services.GetRequiredService<CoordinatorNode>();
        // 5.
        var ready = new ReadyFile(address.Http(ports[0]), address.Http(ports[1]), node.Address, Environment.ProcessId);
        if (options.ReadyFile is { } path)
        {
            ready.Write(path);
        }
        LogReady(logger, BuildInfo.Version, ready.Grpc, ready.Http, ready.Cluster, data.Root);
        // 6.
        // The host stops by itself when the actors have ended.
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stopped = lifetime.ApplicationStopping.Register(() => stopping.TrySetResult());
        await Task.WhenAny(end.Asked, stopping.Task);
        LogEnding(logger);
        // 7.
        if (!node.HasFailed)
        {
            var serving = app.Services.GetRequiredService<IOptions<ServingOptions>>().Value;
            await LastWorkers.LeaveAsync(app.Services.GetRequiredService<IJobControl>(), serving, end.Hurried, time);
        }
        // 8.
        await app.StopAsync();
        if (options.ReadyFile is { } file)
        {
            File.Delete(file);
        }
        if (!node.HasFailed)
        {
            return ProgramExit.Clean;
        }
        LogActorsEnded(logger);
        return ProgramExit.Failed;
    }

    private static WebApplication BuildWebApplication(
        CoordinatorOptions options,
        ListenAddress address,
        ClusterIdentity? identity,
        AccessControl access,
        DataFolder data,
        JobStore store,
        LoggingOptions logs,
        TimeProvider time
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        ProgramLogging.Configure(builder.Logging, logs);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // The first is gRPC's, the second the browser's and Prometheus': their order tells them apart when ports are chosen by the
            // system.
            kestrel.Listen(
                address.Bind,
                options.GrpcPort,
                listen =>
                {
                    listen.Protocols = HttpProtocols.Http2;
                    // Workers have certificates, clients have tokens.
                    listen.UseIdentity(identity, required: false, CertificateRole.Worker);
                }
            );
            kestrel.Listen(
                address.Bind,
                options.HttpPort,
                listen =>
                {
                    listen.Protocols = HttpProtocols.Http1;
                    listen.UseIdentity(identity, required: false);
                }
            );
            kestrel.Limits.Http2.InitialStreamWindowSize = 4 * 1024 * 1024;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 16 * 1024 * 1024;
            // A worker that computes may send the next piece of its checkpoint late.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        // Watchers hold their streams open for as long as a job lasts: ending does not wait for them.
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        var published = new ProgramMetrics("coordinator");
        published.PublishCertificate(identity);
        published.PublishDisk(data.Root);
        builder
            .Services.AddSingleton(data)
            .AddSingleton(store)
            .AddSingleton(access)
            .AddSingleton(options.Quotas)
            .AddSingleton(time)
            .AddSingleton(published)
            .AddSingleton(new CoordinatorMetrics(published.Factory, time))
            .AddWebPages(new PageSettings(options.TranslateAt))
            .AddSingleton(provider => new Refusals(published.Factory, provider.GetRequiredService<ILoggerFactory>()))
            .AddSingleton<IJobControl, ActorJobControl>();
        builder.Services.AddSettings(CoordinatorSections.All, options.Settings);
        builder.Services.AddHostedService<Housekeeping>();
        builder.Services.AddHostedService(provider =>
            identity is null
                ? ActivatorUtilities.CreateInstance<AlertWatch>(provider)
                : ActivatorUtilities.CreateInstance<AlertWatch>(provider, identity)
        );
        builder.Services.AddCoordinatorGrpc();
        builder
            .Services.AddProgramHealth("cluster.v1.Jobs", "cluster.v1.Datasets", "cluster.v1.Checkpoints")
            .AddCheck<StoreCheck>("store")
            .AddCheck<DataFolderCheck>("data", tags: [ProgramHealth.NoRestart]);
        builder.Services.AddCoordinatorNode(
            new NodeOptions(address, options.ClusterPort, ActorConfiguration.CoordinatorRole) { Identity = identity }
        );
        if (options.Kubernetes is { } kubernetes)
        {
            builder.Services.AddKubernetes(kubernetes);
        }
        return builder.Build();
    }

    private static void MapEndpoints(WebApplication app, ProgramMetrics published)
    {
        app.MeasureCalls(published);
        app.MapCoordinatorGrpc();
        published.Map(app);
        app.MapScrapeTargets();
        app.MapProgramHealth();
        app.MapWebPages();
        app.MapApiPages(typeof(CoordinatorHost).Assembly);
    }

    [LoggerMessage(
        EventId = 220,
        Level = LogLevel.Information,
        Message = "coordinator {Version} is ready: gRPC {Grpc}, HTTP {Http}, workers join {Cluster}, data in {Data}"
    )]
    private static partial void LogReady(ILogger logger, string version, string grpc, string http, string cluster, string data);

    [LoggerMessage(EventId = 221, Level = LogLevel.Information, Message = "ending; jobs keep their state, workers that stay train on")]
    private static partial void LogEnding(ILogger logger);

    [LoggerMessage(
        EventId = 222,
        Level = LogLevel.Error,
        Message = "the actors have ended, and the program with them; start it again: jobs keep their state"
    )]
    private static partial void LogActorsEnded(ILogger logger);
}
