using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Hosting;
using TrainingCluster.Security;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Bench;

/// <summary>
/// One worker process of a benchmark: listens on a free port, writes the address to its output, reads all members' addresses from
/// its input.
/// </summary>
internal sealed class BenchMember : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BenchMember(WebApplication app, CollectiveHost host, int rank, Uri[] addresses) =>
        (_app, Host, Rank, Addresses) = (app, host, rank, addresses);

    public CollectiveHost Host { get; }

    public int Rank { get; }

    public Uri[] Addresses { get; }

    /// <param name="rank">The member's.</param>
    /// <param name="sharedMemory">Whether it offers shared memory.</param>
    /// <param name="dataConnections">Whether payloads that do not go through it take data connections, not gRPC.</param>
    /// <param name="tls">Folder of certificates, as <c>certs</c> makes it; null: plain text.</param>
    /// <param name="hierarchicalAbove">Above so many members they exchange along the tree; null: as workers do.</param>
    public static async Task<BenchMember> StartAsync(
        int rank,
        bool sharedMemory,
        bool dataConnections = true,
        string? tls = null,
        int? hierarchicalAbove = null
    )
    {
        var identity = tls is null
            ? null
            : ClusterIdentity.Load(Path.Combine(tls, "worker"), CertificateRole.Worker, TimeProvider.System, NullLogger.Instance);
        var options = new CollectiveOptions
        {
            SharedMemory = sharedMemory,
            DataConnections = dataConnections,
            Identity = identity,
        };
        var host = new CollectiveHost(
            options with
            {
                HierarchicalAbove = hierarchicalAbove ?? options.HierarchicalAbove,
            },
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
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
                    listen.UseIdentity(identity, required: true, CertificateRole.Worker);
                }
            );
        });
        var app = builder.Build();
        CollectiveHost.Map(app);
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        var line =
            await Console.In.ReadLineAsync() ?? throw new InvalidOperationException("The benchmark that started this worker has ended.");
        return new BenchMember(app, host, rank, JsonSerializer.Deserialize<Uri[]>(line)!);
    }

    /// <summary>The plan in which each member computes one shard.</summary>
    public ProcessGroup Plan(long generation) =>
        new(
            "measurement",
            generation,
            0,
            Addresses.Length,
            [.. Addresses.Select((address, rank) => new GroupMember($"worker-{rank}", address, [rank]))],
            Rank,
            "measurement"
        );

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
