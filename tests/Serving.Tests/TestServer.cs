using System.Net;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Hosting;
using TrainingCluster.Serving.Api;
using TrainingCluster.Serving.Batching;
using TrainingCluster.Serving.Hosting;
using TrainingCluster.Serving.Models;
using TrainingCluster.Serving.Telemetry;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Serving.Tests;

/// <summary>The real server behind a real Kestrel on free ports, in this process.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ModelLibrary _library;

    private TestServer(WebApplication app, ModelLibrary library, ProgramMetrics published)
    {
        (_app, _library, Published) = (app, library, published);
        var urls = app.Urls.ToArray();
        Channel = GrpcChannel.ForAddress(urls[0]);
        Client = new(Channel);
        Http = new HttpClient { BaseAddress = new Uri(urls[1]) };
    }

    public GrpcChannel Channel { get; }

    public Inference.InferenceClient Client { get; }

    public HttpClient Http { get; }

    public ModelLibrary Library => _library;

    public ProgramMetrics Published { get; }

    public SentenceQueue Queue => Of<SentenceQueue>();

    public CallGate Gate => Of<CallGate>();

    /// <param name="sources">Default: the model of dates.</param>
    /// <param name="settings">As SECTION:NAME=VALUE.</param>
    /// <param name="tokens">A token file; null: nobody is asked.</param>
    public static async Task<TestServer> StartAsync(
        IReadOnlyList<IModelSource>? sources = null,
        IReadOnlyDictionary<string, string?>? settings = null,
        string? tokens = null
    )
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings ?? new Dictionary<string, string?>()).Build();
        await using var validated = TrainingCluster.Settings.ProgramSettings.Validated(ServingSections.All, configuration);
        var time = TimeProvider.System;
        var published = new ProgramMetrics("serving");
        var metrics = new ServingMetrics(published);
        var library = new ModelLibrary(
            sources ?? [new FolderSource(TestModels.Dates)],
            validated.GetRequiredService<IOptions<ModelSettings>>().Value,
            metrics,
            time,
            NullLogger<ModelLibrary>.Instance
        );
        await library.RefreshAsync(TestContext.Current.CancellationToken);
        var access = new AccessControl(new AccessOptions { Tokens = tokens }, time, NullLogger<AccessControl>.Instance);
        var options = new ServerOptions
        {
            GrpcPort = 0,
            HttpPort = 0,
            Settings = configuration,
        };
        var app = ServingApp.Build(
            options,
            new ListenAddress(IPAddress.Loopback, "127.0.0.1"),
            new ServingParts(null, access, published, metrics, library, new(), time)
        );
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestServer(app, library, published);
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _library.Dispose();
    }

    private T Of<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();
}
