using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Remote;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Compat.Akka.Tests.Node;

namespace TrainingCluster.Compat.Akka.Tests.Cluster;

public sealed class RemotingTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();
    private NodeProcess _node = null!;
    private IActorRef _echo = null!;

    public async ValueTask InitializeAsync()
    {
        _node = await _cluster.AddNode();
        _echo = await _cluster.Echo(_node);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Ask_OtherProcess_ReplyComes()
    {
        Assert.Equal(_node.Address, _echo.Path.Address);
        Assert.Equal(TestCluster.Text("hello"), await _echo.Ask<StringValue>(TestCluster.Text("hello"), Probe.Patience));
    }

    [Fact]
    public async Task Ask_OtherProcessIsSilent_TimesOut() =>
        await Assert.ThrowsAsync<AskTimeoutException>(() => _echo.Ask<StringValue>(TestCluster.Text("silence"), TimeSpan.FromMilliseconds(200)));

    [Fact]
    public async Task Ask_OtherProcessFails_ItsExceptionIsThrown()
    {
        var thrown = await Assert.ThrowsAnyAsync<Exception>(() => _echo.Ask<StringValue>(TestCluster.Text("fail"), Probe.Patience));
        Assert.Contains("as you wish", thrown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tell_ManyMessages_ComeInOrder()
    {
        var probe = new Probe(_cluster.System);
        for (var i = 0; i < 5000; i++) _echo.Tell(new Int32Value { Value = i }, probe.Ref);
        for (var i = 0; i < 5000; i++) Assert.Equal(i, (await probe.Expect<Int32Value>()).Value);
        Assert.Equal(_echo, probe.LastSender);
    }

    [Fact]
    public async Task Tell_MessageOverTheFrameSize_IsLoggedAndTheNextOneComes()
    {
        var errors = new Probe(_cluster.System);
        _cluster.System.EventStream.SetLogLevel(LogLevel.ErrorLevel);
        _cluster.System.EventStream.Subscribe(errors.Ref, typeof(Error));
        _echo.Tell(new BytesValue { Value = ByteString.CopyFrom(new byte[200_000]) }, errors.Ref);
        var error = await errors.Fish<Error>(e => e.ToString().Contains("BytesValue", StringComparison.Ordinal));
        Assert.Contains("128000", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(TestCluster.Text("next"), await _echo.Ask<StringValue>(TestCluster.Text("next"), Probe.Patience));
    }

    [Theory]
    [InlineData("\u00ff\u00ff\u00ff\u007f1234567890", "a frame of 2 GB")]
    [InlineData("\u0014\0\0\012345678901234567890", "another protocol")]
    [InlineData("\u0014\0\0\01234", "less than announced")]
    [InlineData("", "silence")]
    public async Task Connection_ThatSaysNothingSensible_IsClosedAndPublished(string words, string what)
    {
        var probe = new Probe(_cluster.System);
        _cluster.System.EventStream.Subscribe(probe.Ref, typeof(AssociationErrorEvent));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)Probe.Patience.TotalMilliseconds };
        await socket.ConnectAsync(_cluster.Cluster.SelfAddress.Host, _cluster.Cluster.SelfAddress.Port!.Value);
        await socket.SendAsync(words.Select(letter => (byte)letter).ToArray());
        if (words.Length > 0) socket.Shutdown(SocketShutdown.Send);

        var error = await probe.Expect<AssociationErrorEvent>();

        Assert.True(error.IsInbound, what);
        Assert.Equal(words.Length == 0, error.Cause is TimeoutException);
        Assert.Equal(_cluster.Cluster.SelfAddress, error.LocalAddress);
        Assert.Equal(0, HungUp(socket));
        Assert.Equal(TestCluster.Text("still here"), await _echo.Ask<StringValue>(TestCluster.Text("still here"), Probe.Patience));
    }

    [Fact]
    public async Task OtherProcess_Killed_DisassociationIsPublished()
    {
        var probe = new Probe(_cluster.System);
        Assert.Equal(TestCluster.Text("hello"), await _echo.Ask<StringValue>(TestCluster.Text("hello"), Probe.Patience));
        _cluster.System.EventStream.Subscribe(probe.Ref, typeof(DisassociatedEvent));

        await _node.Kill();

        var gone = await probe.Expect<DisassociatedEvent>();
        Assert.False(gone.IsInbound);
        Assert.Equal(_node.Address, gone.RemoteAddress);
        Assert.Equal(_cluster.Cluster.SelfAddress, gone.LocalAddress);
    }

    /// <summary>0: the other side has hung up.</summary>
    private static int HungUp(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[100]);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    [Fact]
    public async Task Watch_RemoteActorThatStops_TerminatedComes()
    {
        var probe = new Probe(_cluster.System);
        _echo.Tell(TestCluster.Text("child"), probe.Ref);
        await probe.Expect<StringValue>();
        var child = probe.LastSender;
        Assert.Equal(_echo.Path, child.Path.Parent);
        await probe.Watch(child);
        child.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        var terminated = await probe.Expect<Terminated>();
        Assert.Equal(child, terminated.ActorRef);
        Assert.False(terminated.AddressTerminated);
    }

    [Fact]
    public async Task Watch_RemoteProcessKilledAndDowned_TerminatedComes()
    {
        var probe = new Probe(_cluster.System);
        await probe.Watch(_echo);
        Assert.Equal(TestCluster.Text("alive"), await _echo.Ask<StringValue>(TestCluster.Text("alive"), Probe.Patience));
        await _node.Kill();
        await _cluster.Events.Fish<ClusterEvent.UnreachableMember>(e => e.Member.Address == _node.Address);
        _cluster.Cluster.Down(_node.Address);
        var terminated = await probe.Expect<Terminated>();
        Assert.Equal(_echo, terminated.ActorRef);
        Assert.True(terminated.AddressTerminated);
    }

    [Fact]
    public async Task Watch_RemoteProcessLeaves_TerminatedComes()
    {
        var probe = new Probe(_cluster.System);
        await probe.Watch(_echo);
        await _node.Tell("leave");
        Assert.Equal(_echo, (await probe.Expect<Terminated>()).ActorRef);
        Assert.Equal(0, await _node.Exit());
    }

    [Fact]
    public async Task ResolveOne_NoSuchActorThere_ActorNotFound() =>
        await Assert.ThrowsAsync<ActorNotFoundException>(() => _cluster.System.ActorSelection($"{_node.Address}/user/nobody").ResolveOne(Probe.Patience));
}
