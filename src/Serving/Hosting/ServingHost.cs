using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Files;
using TrainingCluster.Hosting;
using TrainingCluster.Logging;
using TrainingCluster.Security;
using TrainingCluster.Serving.Api;
using TrainingCluster.Serving.Models;
using TrainingCluster.Serving.Telemetry;
using TrainingCluster.Settings;
using TrainingCluster.Telemetry;
using TrainingCluster.Transport;

namespace TrainingCluster.Serving.Hosting;

/// <summary>The process of a server of translations, from its options to its end.</summary>
public static partial class ServingHost
{
    /// <summary>
    /// 1. checks the options; 2. looks at the models: those that were named must be there, or be expected; 3. serves gRPC and HTTP;
    /// 4. says that it is ready; 5. waits for the end; 6. answers what it has taken; 7. ends in the opposite order.
    /// </summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(ServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        // 1.
        await using var settings = ProgramSettings.Validated(ServingSections.All, options.Settings);
        var address = options.FreeAddress();
        options.Access.Check(address.Tls);
        var time = TimeProvider.System;
        var logs = settings.GetRequiredService<IOptions<LoggingOptions>>().Value;
        using var loggers = LoggerFactory.Create(logging => ProgramLogging.Configure(logging, logs));
        using var identity = options.LoadIdentity(CertificateRole.Serving, time, loggers);
        var access = new AccessControl(options.Access, time, loggers.CreateLogger<AccessControl>());
        using var data = new FetchedModels(options.Data);
        using var held = await FolderLock.TakeAsync(data.Folder, "--data", "server of translations", time);
        data.Prepare();
        var models = settings.GetRequiredService<IOptions<ModelSettings>>().Value;
        using var sources = new ModelSources(options, data.Folder, models, ClientAccess.FromEnvironment(), time);
        // 2.
        var published = new ProgramMetrics("serving");
        published.PublishCertificate(identity);
        published.PublishDisk(data.Folder);
        var metrics = new ServingMetrics(published);
        using var library = new ModelLibrary(sources.All, models, metrics, time, loggers.CreateLogger<ModelLibrary>());
        await library.RefreshAsync(CancellationToken.None);
        RequireModels(library);
        // 3.
        await using var app = ServingApp.Build(options, address, new(identity, access, published, metrics, library, logs, time));
        using var end = new EndSignals(time);
        if (options.ParentPid is { } parent)
        {
            _ = end.WatchAsync(parent);
        }
        await app.StartAsync();
        var ports = app.Urls.Select(u => new Uri(u).Port).ToArray();
        var logger = loggers.CreateLogger(typeof(ServingHost));
        using var stopping = new CancellationTokenSource();
        var looking = library.RunAsync(stopping.Token);
        // 4.
        var ready = new ReadyFile(address.Http(ports[0]), address.Http(ports[1]), "", Environment.ProcessId);
        if (options.ReadyFile is { } path)
        {
            ready.Write(path);
        }
        var names = string.Join(", ", sources.All.Select(source => source.Name));
        LogReady(logger, BuildInfo.Version, ready.Grpc, ready.Http, names);
        // 5.
        await Task.WhenAny(end.Asked, looking);
        // 6.
        var limit = app.Services.GetRequiredService<IOptions<CallSettings>>().Value.DrainTimeout;
        LogDraining(logger, limit.TotalSeconds);
        var drained = app.Services.GetRequiredService<CallGate>().CloseAsync();
        if (await Task.WhenAny(drained, end.Hurried, Task.Delay(limit, time, CancellationToken.None)) != drained)
        {
            LogNotDrained(logger);
        }
        // 7.
        await stopping.CancelAsync();
        await app.StopAsync();
        if (options.ReadyFile is { } file)
        {
            File.Delete(file);
        }
        LogEnded(logger);
        return looking.IsFaulted ? ProgramExit.Failed : ProgramExit.Clean;
    }

    /// <summary>A name that was mistyped is told at once, not to the first client.</summary>
    private static void RequireModels(ModelLibrary library)
    {
        string[] problems =
        [
            .. library.Silent(),
            .. library.List().Where(view => !view.Offer.IsThere && !view.Offer.IsWaiting).Select(view => view.Offer.Problem),
        ];
        if (problems.Length > 0)
        {
            throw new InvalidDataException(string.Join("; ", problems));
        }
    }

    [LoggerMessage(
        EventId = 530,
        Level = LogLevel.Information,
        Message = "server {Version} is ready: gRPC {Grpc}, HTTP {Http}; models of {Sources}"
    )]
    private static partial void LogReady(ILogger logger, string version, string grpc, string http, string sources);

    [LoggerMessage(EventId = 531, Level = LogLevel.Information, Message = "ending; answers what it has taken, {Seconds} s at most")]
    private static partial void LogDraining(ILogger logger, double seconds);

    [LoggerMessage(EventId = 532, Level = LogLevel.Warning, Message = "not all calls have been answered; ends all the same")]
    private static partial void LogNotDrained(ILogger logger);

    [LoggerMessage(EventId = 533, Level = LogLevel.Information, Message = "the server has ended")]
    private static partial void LogEnded(ILogger logger);
}
