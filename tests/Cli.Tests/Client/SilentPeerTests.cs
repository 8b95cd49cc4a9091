using System.Net;
using System.Net.Sockets;
using TrainingCluster.Cli.Client;

namespace TrainingCluster.Cli.Tests.Client;

/// <summary>A port that takes connections and never says a word: every call gives up, and says at whose address.</summary>
public sealed class SilentPeerTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TestFolder _folder = new();

    public SilentPeerTests() => _listener.Start();

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public Task Follow() =>
        GivesUpAsync(async connection =>
        {
            await foreach (
                var _ in JobFollower.FollowAsync(
                    connection,
                    "job-1",
                    "",
                    known: false,
                    TimeSpan.FromMinutes(10),
                    TimeProvider.System,
                    lost: null,
                    TestContext.Current.CancellationToken
                )
            )
            {
                Assert.Fail("an event");
            }
        });

    [Fact]
    public Task Artifacts() =>
        GivesUpAsync(connection =>
            ArtifactDownload.ReceiveAsync(connection, "job-1", _folder.At("out"), TestContext.Current.CancellationToken)
        );

    [Fact]
    public Task Dataset() =>
        GivesUpAsync(connection => DatasetUpload.IsThereAsync(connection, new string('0', 64), TestContext.Current.CancellationToken));

    [Fact]
    public Task Call() =>
        GivesUpAsync(connection =>
            connection.CallAsync(options => connection.Jobs.GetClusterAsync(new(), options), TestContext.Current.CancellationToken)
        );

    [Fact]
    public Task CallThatMayTakeLong() =>
        GivesUpAsync(connection =>
            connection.CallAsync(
                options => connection.Jobs.GetLedgerAsync(new(), options),
                TestContext.Current.CancellationToken,
                TimeSpan.FromMinutes(10)
            )
        );

    private async Task GivesUpAsync(Func<ClusterConnection, Task> work)
    {
        var address = $"http://{_listener.LocalEndpoint}";
        using var connection = new ClusterConnection(address, TimeProvider.System) { AnswerWithin = TimeSpan.FromSeconds(1) };
        var error = await Assert.ThrowsAsync<CliException>(() => work(connection));
        Assert.Contains($"{address} did not answer in time", error.Message, StringComparison.Ordinal);
    }
}
