using System.Globalization;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using TorchSharp;
using TrainingCluster.Files;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Security;
using TrainingCluster.Settings;
using TrainingCluster.Telemetry;
using TrainingCluster.Worker.Actors;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Fingerprints;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Hosting;

/// <summary>The worker's process, from its options to its end.</summary>
public static partial class WorkerHost
{
    /// <summary>
    /// 1. checks the options; 2. makes the trainer; 3. serves peers and HTTP; 4. joins the cluster; 5. says that it is ready;
    /// 6. waits for the end; 7. drains: works on until no generation holds it; 8. leaves, and ends in the opposite order.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(WorkerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        // 1.
        await using var settings = ProgramSettings.Validated(WorkerSections.All, options.Settings);
        var address = options.FreeAddress();
        address.RequireFree(options.ClusterPort, "--cluster-port");
        // Silence is not judged by a clock that somebody may set.
        var time = new SteadyTime(TimeProvider.System);
        using var loggers = LoggerFactory.Create(logging => ProgramLogging.Configure(logging, Of<LoggingOptions>(settings)));
        var name = options.Name ?? $"{Environment.MachineName}-{Environment.ProcessId}";
        using var tracing = ProgramTracing.Start("worker", name, loggers);
        using var identity = options.LoadIdentity(CertificateRole.Worker, time, loggers);
        using var held = await FolderLock.TakeAsync(options.Data, "--data", "worker", time);
        using var end = new EndSignals(time);
        if (options.ParentPid is { } parent)
        {
            _ = end.WatchAsync(parent);
        }
        // Beside what follows, and before it registers: no job may take a worker of which it does not know how it computes.
        var arithmetic = Task.Run(() => ArithmeticFingerprint.Compute(torch.device(options.Device)));
        // 2.
        var link = new CoordinatorLink(time);
        var logger = loggers.CreateLogger(typeof(WorkerHost));
        var collective = new CollectiveHost(
            Of<CollectiveOptions>(settings) with
            {
                SharedMemory = options.SharedMemory,
                DataConnections = options.DataConnections,
                Identity = identity,
            },
            time,
            loggers
        );
        var published = new ProgramMetrics("worker", name);
        published.PublishCertificate(identity);
        published.PublishDisk(options.Data);
        GpuMemory.Publish(published, options.Device);
        using var refusals = new Refusals(published.Factory, loggers);
        var incarnation = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
        var outbox = new Outbox();
        var metrics = new WorkerMetrics(published, time);
        var trainer = new Trainer(
            Of<TrainerOptions>(settings) with
            {
                WorkerId = name,
                Incarnation = incarnation,
                DataFolder = Path.GetFullPath(options.Data),
                Device = options.Device,
            },
            () => link.GrpcAddress,
            report =>
            {
                metrics.Observe(report);
                outbox.Post(report);
            },
            collective,
            loggers,
            time
        );
        WorkerMetrics.PublishCounts(published, () => collective.StaleStreams, () => collective.StaleFrames, () => trainer.StaleCommands);
        WorkerMetrics.PublishPeers(published, () => collective.Peers);
        var node = new WorkerNode(
            new NodeOptions(address, options.ClusterPort, ActorConfiguration.WorkerRole, options.Coordinator)
            {
                Heartbeats = Of<HeartbeatOptions>(settings),
                Identity = identity,
            },
            new WorkerParts(trainer, outbox, link),
            refusals,
            time,
            loggers
        );
        // 3.
        await using var app = BuildWebApplication(options, address, collective, node, link, Of<LoggingOptions>(settings));
        refusals.Watch(app);
        collective.Refused = refusals.NoteConnection;
        MapEndpoints(app, published);
        await app.StartAsync();
        var ports = app.Urls.Select(u => new Uri(u).Port).ToArray();
        // 4.
        using var leave = new CancellationTokenSource();
        var running = node.RunAsync(
            Of<WorkerActorSettings>(settings) with
            {
                WorkerId = name,
                Incarnation = incarnation,
                CollectiveAddress = address.Http(ports[0]),
                HttpAddress = address.Http(ports[1]),
                Device = options.Device,
                Arithmetic = await arithmetic,
                CoordinatorPath = $"{ActorConfiguration.Address(options.Coordinator, address.Tls)}/user/coordinator",
                Health = Of<HealthOptions>(settings),
            },
            leave.Token
        );
        // 5.
        var ready = new ReadyFile(address.Http(ports[0]), address.Http(ports[1]), address.HostPort(await node.Port), Environment.ProcessId);
        if (options.ReadyFile is { } path)
        {
            ready.Write(path);
        }
        LogReady(logger, name, BuildInfo.Version, ready.Grpc, ready.Http, options.Coordinator);
        // 6.
        await Task.WhenAny(end.Asked, running);
        // 7.
        if (!running.IsCompleted && !end.Hurried.IsCompleted)
        {
            await DrainAsync(Of<WorkerTimes>(settings), link, end, time, logger);
        }
        // 8.
        await leave.CancelAsync();
        await running;
        await trainer.DisposeAsync();
        await app.StopAsync();
        if (options.ReadyFile is { } file)
        {
            File.Delete(file);
        }
        LogEnded(logger, name);
        return ProgramExit.Clean;
    }

    private static async Task DrainAsync(WorkerTimes times, CoordinatorLink link, EndSignals end, TimeProvider time, ILogger logger)
    {
        LogDraining(logger, times.DrainTimeout.TotalSeconds);
        link.BeginDrain();
        using var grace = new CancellationTokenSource(times.DrainTimeout, time);
        try
        {
            // Without a coordinator nobody could take over: there is nothing to wait for.
            while (!link.Drained.IsCompleted && link.HeardWithin(times.DrainSilence))
            {
                await Task.WhenAny(link.Drained, end.Hurried, Task.Delay(TimeSpan.FromMilliseconds(500), time, grace.Token));
                if (end.Hurried.IsCompleted)
                {
                    return;
                }
                grace.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            LogDrainTooLong(logger, times.DrainTimeout.TotalSeconds);
        }
    }

    private static T Of<T>(IServiceProvider settings)
        where T : class => settings.GetRequiredService<IOptions<T>>().Value;

    private static WebApplication BuildWebApplication(
        WorkerOptions options,
        ListenAddress address,
        CollectiveHost collective,
        WorkerNode node,
        CoordinatorLink link,
        LoggingOptions logs
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        ProgramLogging.Configure(builder.Logging, logs);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // The first is the peers', the second Prometheus': their order tells them apart when ports are chosen by the system.
            kestrel.Listen(
                new PeersEndPoint(address.Bind, options.GrpcPort),
                listen =>
                {
                    listen.Protocols = HttpProtocols.Http2;
                    listen.UseIdentity(collective.Options.Identity, required: true, CertificateRole.Worker);
                }
            );
            kestrel.Listen(
                address.Bind,
                options.HttpPort,
                listen =>
                {
                    listen.Protocols = HttpProtocols.Http1;
                    listen.UseIdentity(collective.Options.Identity, required: false);
                }
            );
            collective.ConfigureKestrel(kestrel);
        });
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        collective.AddServices(builder.Services);
        builder.Services.AddSettings(WorkerSections.All, options.Settings);
        AddHealth(builder.Services, node, link);
        return builder.Build();
    }

    internal static void AddHealth(IServiceCollection services, WorkerNode node, CoordinatorLink link) =>
        services
            .AddSingleton(node)
            .AddSingleton(link)
            .AddProgramHealth("cluster.v1.Collective")
            .AddCheck<ActorsCheck>("actors")
            .AddCheck<TrainingCheck>("training")
            .AddCheck<CoordinatorCheck>("coordinator", tags: [ProgramHealth.ReadinessOnly]);

    private static void MapEndpoints(WebApplication app, ProgramMetrics published)
    {
        app.MeasureCalls(published);
        CollectiveHost.Map(app);
        published.Map(app);
        app.MapProgramHealth();
    }

    [LoggerMessage(
        EventId = 320,
        Level = LogLevel.Information,
        Message = "worker {Worker} {Version} is ready: peers {Grpc}, HTTP {Http}; joins {Coordinator}"
    )]
    private static partial void LogReady(ILogger logger, string worker, string version, string grpc, string http, string coordinator);

    [LoggerMessage(
        EventId = 321,
        Level = LogLevel.Information,
        Message = "drains: works on until others have taken over, {Seconds} s at most"
    )]
    private static partial void LogDraining(ILogger logger, double seconds);

    [LoggerMessage(EventId = 322, Level = LogLevel.Warning, Message = "nobody has taken over within {Seconds} s; leaves all the same")]
    private static partial void LogDrainTooLong(ILogger logger, double seconds);

    [LoggerMessage(EventId = 323, Level = LogLevel.Information, Message = "worker {Worker} has ended")]
    private static partial void LogEnded(ILogger logger, string worker);
}
