using System.Net.Sockets;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>Workers find their coordinator by whatever spelling of its address the user knows.</summary>
public sealed class AddressTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData("::1")]
    [InlineData("[0:0:0:0:0:0:0:1]")]
    [InlineData("LocalHost")]
    public async Task Up_AnySpelling_WorkersJoin(string host)
    {
        Assert.SkipUnless(!host.Contains(':', StringComparison.Ordinal) || Socket.OSSupportsIPv6, "this machine has no IPv6");
        await using var command = ClusterCommand.Start(_workspace, ["up", "--workers", "1", "--host", host, .. ClusterCommand.AnyPorts]);
        await command.SeeAsync("Ctrl-C stops everything.");
        command.Signal(ClusterCommand.SigTerm);
        Assert.Equal(0, (await command.EndAsync()).ExitCode);
    }
}
