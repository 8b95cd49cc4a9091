using System.Net;
using System.Net.Sockets;
using TrainingCluster.Coordinator.Membership;

namespace TrainingCluster.Coordinator.Tests.Membership;

public sealed class PortProbeTests
{
    private static readonly TimeSpan s_within = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    [Fact]
    public async Task IsRefused_SomebodyListens_IsFalse()
    {
        using var listener = Listen(backlog: 10);
        Assert.False(
            await PortProbe.IsRefusedAsync("127.0.0.1", Port(listener), TimeSpan.FromMilliseconds(200), s_pause, TimeProvider.System)
        );
    }

    [Fact]
    public async Task IsRefused_ListenerEndsMeanwhile_IsTrue()
    {
        var listener = Listen(backlog: 10);
        var asking = PortProbe.IsRefusedAsync("127.0.0.1", Port(listener), s_within, s_pause, TimeProvider.System);
        using (var first = await listener.AcceptAsync())
        {
            listener.Dispose();
        }
        Assert.True(await asking);
    }

    [Fact]
    public async Task IsRefused_ListenerHasEnded_IsTrue()
    {
        int port;
        using (var listener = Listen(backlog: 10))
        {
            port = Port(listener);
        }
        Assert.True(await PortProbe.IsRefusedAsync("localhost", port, s_within, s_pause, TimeProvider.System));
    }

    [Fact]
    public async Task IsRefused_NoAnswer_IsFalse()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems refuse where Linux says nothing");
        // Nobody accepts, and no more than two may wait: from then on the system answers no caller.
        using var listener = Listen(backlog: 1);
        var waiting = Enumerable.Range(0, 4).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp)).ToList();
        var connecting = waiting.Select(socket => socket.ConnectAsync("127.0.0.1", Port(listener))).ToList();
        await Task.WhenAll(connecting[..2]).WaitAsync(s_within);

        Assert.False(
            await PortProbe.IsRefusedAsync("127.0.0.1", Port(listener), TimeSpan.FromMilliseconds(200), s_pause, TimeProvider.System)
        );

        waiting.ForEach(socket => socket.Dispose());
        await Task.WhenAll(connecting).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task IsRefused_NoSuchName_IsFalse() =>
        Assert.False(await PortProbe.IsRefusedAsync("no-such-host.invalid", 9, s_within, s_pause, TimeProvider.System));

    private static Socket Listen(int backlog)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(backlog);
        return listener;
    }

    private static int Port(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;
}
