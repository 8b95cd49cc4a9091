using System.Net;
using System.Net.Sockets;
using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Hosting;
using TrainingCluster.Security;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;

namespace TrainingCluster.Tests.Hosting;

/// <summary>Nodes with the programs' settings over real connections: what passes between them, and what does not.</summary>
public sealed class NodeTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Nodes_TalkAndWatchEachOther()
    {
        await using var first = await TestNode.StartAsync();
        await using var second = await TestNode.StartAsync(first);
        var ear = await second.Remote(first).ResolveOne(s_timeout);

        ear.Tell(new RegisterWorker { WorkerId = "w" });
        Assert.Equal("w", (await first.HearAsync<RegisterWorker>()).WorkerId);
        second.Ear.Tell(ear);
        first.System.Stop(first.Ear);
        Assert.Equal(ear, (await second.HearAsync<Terminated>()).ActorRef);
        Assert.DoesNotContain("kind=\"peer\"", await first.ExposedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlanOfAThousandMembers_IsLargerThanAkkasDefaultFrame_AndPasses()
    {
        await using var first = await TestNode.StartAsync();
        await using var second = await TestNode.StartAsync(first);
        var plan = new StartGeneration
        {
            JobId = "job-20261126-101112-abcdef",
            Generation = 7,
            Reason = string.Join(", ", Enumerable.Range(0, 1024).Select(i => $"lost worker-{i}")),
        };
        plan.Members.AddRange(
            Enumerable
                .Range(0, 1024)
                .Select(i => new GenerationMember
                {
                    WorkerId = $"training-cluster-worker-{i}.training-cluster-worker",
                    Incarnation = Guid.NewGuid().ToString("N"),
                    Rank = i,
                    CollectiveAddress = $"http://training-cluster-worker-{i}.training-cluster-worker.some-namespace.svc.cluster.local:7072",
                    FirstShard = i,
                    ShardCount = 1,
                    HasBaseState = true,
                })
        );
        Assert.InRange(plan.CalculateSize(), 128_001, ActorConfiguration.MaxFrameBytes / 2);

        second.Remote(first).Tell(plan);

        Assert.Equal(plan, await first.HearAsync<StartGeneration>());
    }

    [Theory]
    [InlineData(1, "System.String, System.Private.CoreLib")]
    [InlineData(2, "TrainingCluster.V1.RegisterWorker, TrainingCluster.Shared")]
    [InlineData(3, "")]
    [InlineData(4, "")]
    [InlineData(16, "PP")]
    [InlineData(16, "K")]
    [InlineData(16, "CF")]
    [InlineData(17, "S")]
    [InlineData(22, "Akka.Dispatch.SysMsg.Terminate, Akka")]
    [InlineData(22, "Akka.Dispatch.SysMsg.Create, Akka")]
    [InlineData(36, "")]
    [InlineData(7071, "System.String")]
    [InlineData(99, "")]
    public async Task Deserialize_WhatIsNotOurs_IsNotRead(int serializer, string manifest)
    {
        await using var node = await TestNode.StartAsync();
        Assert.Throws<SerializationException>(() =>
            node.System.Serialization.Deserialize(Encoding.UTF8.GetBytes("{}"), serializer, manifest)
        );
    }

    [Fact]
    public async Task Message_OfAnotherType_IsNotEvenSent()
    {
        await using var node = await TestNode.StartAsync();
        Assert.Throws<SerializationException>(() => node.System.Serialization.Serialize(new StringValue()));
        Assert.Throws<SerializationException>(() => node.System.Serialization.Serialize(new Uri("http://x")));
    }

    [Fact]
    public async Task Message_ThatTheOtherNodeMayNotRead_IsDroppedAndCountedAndTheNextOneComes()
    {
        await using var first = await TestNode.StartAsync();
        await using var second = await TestNode.StartAsync(first);

        second.Remote(first).Tell("a string");
        second.Remote(first).Tell(new DrainWorker { WorkerId = "w" });

        await first.RefusedAsync(nameof(SerializationException));
        await first.HearAsync<DrainWorker>();
    }

    [Fact]
    public async Task Order_OfAStrangerToEndAnActor_IsRefused()
    {
        await using var first = await TestNode.StartAsync();
        await using var second = await TestNode.StartAsync(first);

        (await second.Remote(first).ResolveOne(s_timeout)).Tell(PoisonPill.Instance);

        await first.RefusedAsync(nameof(SerializationException));
        second.Remote(first).Tell(new DrainWorker { WorkerId = "w" });
        await first.HearAsync<DrainWorker>();
    }

    [Theory]
    [InlineData("\u00ff\u00ff\u00ff\u007f1234567890", "TooLongFrameException")]
    [InlineData("\u00ff\u00ff\u00ff\u00ff", "CorruptedFrameException")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "TooLongFrameException")]
    [InlineData("\u0014\0\0\012345678901234567890", "AkkaProtocolException")]
    [InlineData("", "TimeoutException")]
    public async Task Connection_ThatSaysNothingSensible_IsClosedAndCountedByKind(string words, string kind)
    {
        await using var node = await TestNode.StartAsync();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", node.Cluster.SelfAddress.Port!.Value);
        await socket.SendAsync(words.Select(letter => (byte)letter).ToArray());

        await node.RefusedAsync(kind);
        using var limit = new CancellationTokenSource(s_timeout);
        try
        {
            while (await socket.ReceiveAsync(new byte[100], limit.Token) > 0) { }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // One way to hang up.
        }
    }

    // A process that dies or is cut off in the middle of a handshake: Akka.Remote would end the other one for it.
    [Fact]
    public async Task TlsHandshake_OtherSideBreaksItOff_TheNodeStaysUntilItIsToldToEnd()
    {
        using var certificates = new TestCertificates();
        using var identity = IdentityOf(certificates);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var node = await TestNode.StartJoiningAsync($"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", identity);
        using var limit = new CancellationTokenSource(s_timeout);
        var shutdown = CoordinatedShutdown.Get(node.System);
        for (var attempts = 0; attempts < 4 || shutdown.ShutdownReason is null; attempts++)
        {
            (await listener.AcceptTcpClientAsync(limit.Token)).Dispose();
        }
        // It tries on.
        (await listener.AcceptTcpClientAsync(limit.Token)).Dispose();
        Assert.False(node.System.WhenTerminated.IsCompleted);

        await node.StopAsync().WaitAsync(s_timeout);
        await node.System.WhenTerminated.WaitAsync(s_timeout);
    }

    // Its removal asks for an end in vain while another is held up: the node would stay, a member of nothing.
    [Fact]
    public async Task TlsHandshake_OtherSideBreaksItOff_TheNodeEndsWhenItIsRemovedFromTheCluster()
    {
        using var certificates = new TestCertificates();
        using var identity = IdentityOf(certificates);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var node = await TestNode.StartAsync(identity: identity);
        using var limit = new CancellationTokenSource(s_timeout);
        var shutdown = CoordinatedShutdown.Get(node.System);
        var address = ActorConfiguration.Address($"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", tls: true);
        while (shutdown.ShutdownReason is null)
        {
            node.System.ActorSelection($"{address}/user/ear").Tell(new DrainWorker { WorkerId = "w" });
            if (listener.Pending())
            {
                (await listener.AcceptTcpClientAsync(limit.Token)).Dispose();
            }
            await Task.Delay(20, limit.Token);
        }
        Assert.False(node.System.WhenTerminated.IsCompleted);

        node.Cluster.Down(node.Cluster.SelfAddress);
        await node.System.WhenTerminated.WaitAsync(s_timeout);
    }

    private static ClusterIdentity IdentityOf(TestCertificates certificates) =>
        ClusterIdentity.Load(certificates.Write("worker", "worker"), CertificateRole.Worker, TimeProvider.System, NullLogger.Instance);
}
