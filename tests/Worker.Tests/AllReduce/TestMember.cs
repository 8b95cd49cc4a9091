using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Hosting;
using TrainingCluster.Security;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

/// <summary>A real HTTP/2 server on a free port with a worker's collective service.</summary>
internal sealed class TestMember : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestMember(WebApplication app, CollectiveHost host) => (_app, Host) = (app, host);

    public CollectiveHost Host { get; }

    public Uri Address => new(_app.Urls.First());

    public static async Task<TestMember> StartAsync(CollectiveOptions? options = null)
    {
        var host = new CollectiveHost(options ?? new CollectiveOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        host.AddServices(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            host.ConfigureKestrel(kestrel);
            kestrel.Listen(
                new PeersEndPoint(IPAddress.Loopback, 0),
                listen =>
                {
                    listen.Protocols = HttpProtocols.Http2;
                    listen.UseIdentity(host.Options.Identity, required: true, CertificateRole.Worker);
                }
            );
        });
        // A stopped server breaks its connections at once, as a killed process does.
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(o => o.ShutdownTimeout = TimeSpan.Zero);
        var app = builder.Build();
        CollectiveHost.Map(app);
        await app.StartAsync();
        return new TestMember(app, host);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
