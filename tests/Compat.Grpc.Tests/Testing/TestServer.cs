using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Compat.Grpc.Tests.Testing;

/// <summary>A real server on a free port of the loopback, and channels to it.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly List<GrpcChannel> _channels = [];

    private TestServer(WebApplication application) => _application = application;

    public string Address => _application.Urls.Single();

    public Probe Probe => Services.GetRequiredService<Probe>();

    public IServiceProvider Services => _application.Services;

    /// <param name="grpc">Options of all services.</param>
    /// <param name="services">More services.</param>
    /// <param name="map">More endpoints than the two test services'.</param>
    /// <param name="protocols">HTTP/2 in the clear by default.</param>
    public static async Task<TestServer> StartAsync(
        Action<GrpcServiceOptions>? grpc = null,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? map = null,
        HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        builder.Services.AddGrpc(options => grpc?.Invoke(options));
        builder.Services.AddSingleton<Probe>();
        services?.Invoke(builder.Services);
        var application = builder.Build();
        application.MapGrpcService<EchoService>();
        application.MapGrpcService<RawService>();
        map?.Invoke(application);
        await application.StartAsync();
        return new TestServer(application);
    }

    public GrpcChannel Channel(GrpcChannelOptions? options = null)
    {
        var channel = GrpcChannel.ForAddress(Address, options ?? new GrpcChannelOptions());
        _channels.Add(channel);
        return channel;
    }

    public CallInvoker Invoker(GrpcChannelOptions? options = null) => Channel(options).CreateCallInvoker();

    public Task StopAsync() => _application.StopAsync();

    /// <summary>Ends without waiting for calls.</summary>
    public async Task AbortAsync()
    {
        await _application.StopAsync(new CancellationToken(true));
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _channels.ForEach(channel => channel.Dispose());
        await _application.DisposeAsync();
    }
}
