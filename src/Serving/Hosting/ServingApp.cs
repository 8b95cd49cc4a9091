using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Security;
using TrainingCluster.Serving.Batching;
using TrainingCluster.Serving.Models;
using TrainingCluster.Serving.Telemetry;
using TrainingCluster.Serving.Web;
using TrainingCluster.Settings;
using TrainingCluster.Telemetry;
using TrainingCluster.Web;

namespace TrainingCluster.Serving.Hosting;

/// <summary>What is made before the web application is.</summary>
/// <param name="Identity">Null: plain text.</param>
/// <param name="Access">Tells who calls.</param>
/// <param name="Published">The metrics' registry.</param>
/// <param name="Metrics">The server's own.</param>
/// <param name="Library">The models.</param>
/// <param name="Logs">How it logs.</param>
/// <param name="Time">The clock.</param>
internal sealed record ServingParts(
    ClusterIdentity? Identity,
    AccessControl Access,
    ProgramMetrics Published,
    ServingMetrics Metrics,
    ModelLibrary Library,
    LoggingOptions Logs,
    TimeProvider Time
);

/// <summary>The web application of the server.</summary>
internal static class ServingApp
{
    /// <summary>Puts it together.</summary>
    /// <param name="options">What the command line says.</param>
    /// <param name="address">Where to listen.</param>
    /// <param name="parts">What was made before.</param>
    public static WebApplication Build(ServerOptions options, ListenAddress address, ServingParts parts)
    {
        var (identity, access, published, metrics, library, logs, time) = parts;
        var builder = WebApplication.CreateSlimBuilder();
        ProgramLogging.Configure(builder.Logging, logs);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // The first is gRPC's, the second that of browsers and Prometheus: their order tells them apart when ports are chosen by the
            // system.
            Listen(options.GrpcPort, HttpProtocols.Http2);
            Listen(options.HttpPort, HttpProtocols.Http1);

            void Listen(int port, HttpProtocols protocols) =>
                kestrel.Listen(
                    address.Bind,
                    port,
                    listen =>
                    {
                        listen.Protocols = protocols;
                        listen.UseIdentity(identity, required: false);
                    }
                );
        });
        // What it has taken is answered before: ending does not wait for clients that do not read.
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder
            .Services.AddSingleton(access)
            .AddSingleton(time)
            .AddSingleton(published)
            .AddSingleton(metrics)
            .AddSingleton(library)
            .AddSingleton(provider => new Refusals(published.Factory, provider.GetRequiredService<ILoggerFactory>()))
            .AddSingleton(provider => new SentenceQueue(provider.GetRequiredService<IOptions<BatchingOptions>>().Value, time))
            .AddSingleton(provider => new TranslationEngine(
                provider.GetRequiredService<SentenceQueue>(),
                options.Threads,
                metrics,
                time,
                provider.GetRequiredService<ILogger<TranslationEngine>>()
            ));
        builder.Services.AddSettings(ServingSections.All, options.Settings);
        builder.Services.AddServingGrpc();
        builder
            .Services.AddProgramHealth(V1.Inference.Descriptor.FullName)
            .AddCheck<GateCheck>("gate", tags: [ProgramHealth.NoRestart])
            .AddCheck<ModelsCheck>("models", tags: [ProgramHealth.ReadinessOnly]);
        var app = builder.Build();
        app.Services.GetRequiredService<Refusals>().Watch(app);
        var queue = app.Services.GetRequiredService<SentenceQueue>();
        metrics.PublishQueue(() => queue.Count);
        app.MeasureCalls(published);
        app.MapServingGrpc();
        published.Map(app);
        app.MapProgramHealth();
        app.MapTryPage();
        app.MapApiPages(typeof(ServingApp).Assembly);
        return app;
    }
}
