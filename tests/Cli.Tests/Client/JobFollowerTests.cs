using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using TrainingCluster.Cli.Client;
using TrainingCluster.Jobs;
using TrainingCluster.TestSupport;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Client;

public sealed class JobFollowerTests
{
    [Fact]
    public async Task Follow_ConnectionLost_GoesOnAfterTheLastEventSeen()
    {
        var tokens = new List<string>();
        await using var coordinator = await FakeCoordinator.StartAsync(
            new()
            {
                Watch = async (request, stream, _) =>
                {
                    tokens.Add(request.ResumeToken);
                    for (var i = int.Parse("0" + request.ResumeToken, null) + 1; i <= 4; i++)
                    {
                        await stream.WriteAsync(Event(i, i == 4 ? JobState.Succeeded : JobState.Running));
                        if (i == 2 && tokens.Count == 1)
                        {
                            throw new RpcException(new Status(StatusCode.Unavailable, "going away"));
                        }
                    }
                },
            }
        );
        var lost = new List<string>();
        var seen = await FollowAsync(coordinator.Address, lost.Add);
        Assert.Equal(["1", "2", "3", "4"], seen.Select(item => item.Token));
        Assert.Equal(["", "2"], tokens);
        Assert.Equal(["going away"], lost);
    }

    [Fact]
    public async Task Follow_UnknownJob_SaysWhatTheCoordinatorSays()
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new() { Watch = (request, _, _) => throw new RpcException(new Status(StatusCode.NotFound, $"there is no job {request.Id}")) }
        );
        var error = await Assert.ThrowsAsync<CliException>(() => FollowAsync(coordinator.Address, null));
        Assert.Equal(ExitCodes.BadUsage, error.ExitCode);
        Assert.Equal("there is no job job-1", error.Message);
    }

    [Fact]
    public async Task Follow_NobodyThereAtFirst_GivesUpAtOnce()
    {
        var address = $"http://127.0.0.1:{FreePort.Next()}";
        var error = await Assert.ThrowsAsync<CliException>(() => FollowAsync(address, null));
        Assert.Contains($"no coordinator answers at {address}", error.Message, StringComparison.Ordinal);
        Assert.Contains("--coordinator", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Follow_WhatIsThereSpeaksAnotherProtocol_GivesUpAtOnce()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync();
        var address = $"http://{listener.LocalEndpoint}";
        var error = await Assert.ThrowsAsync<CliException>(() => FollowAsync(address, null));
        Assert.Equal(ExitCodes.Unavailable, error.ExitCode);
        Assert.Contains($"no coordinator answers at {address}", error.Message, StringComparison.Ordinal);
        Assert.Contains("with https:// where it speaks TLS", error.Message, StringComparison.Ordinal);
        listener.Stop();
        await answering;

        // The connection stays open, so that the answer is read for sure.
        async Task AnswerAsync()
        {
            var connections = new List<TcpClient>();
            try
            {
                while (true)
                {
                    connections.Add(await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken));
                    var answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray();
                    await connections[^1].GetStream().WriteAsync(answer, TestContext.Current.CancellationToken);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                connections.ForEach(connection => connection.Dispose());
            }
        }
    }

    [Theory]
    [InlineData(JobState.Succeeded, 0)]
    [InlineData(JobState.Failed, 1)]
    [InlineData(JobState.Cancelled, 3)]
    public async Task Watch_JobEnds_ReturnsHow(JobState end, int expected)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(
            new() { Watch = async (_, stream, _) => await stream.WriteAsync(Event(1, end)) }
        );
        var session = await Session.RunAsync("watch", "job-1", "--coordinator", coordinator.Address);
        Assert.Equal(expected, session.ExitCode);
        Assert.Contains($"job job-1 {end.Word()}", session.Out, StringComparison.Ordinal);
    }

    private static JobEvent Event(int number, JobState state) =>
        new()
        {
            Token = $"{number}",
            JobId = "job-1",
            State = new StateChanged { State = state },
        };

    private static async Task<List<JobEvent>> FollowAsync(string address, Action<string>? lost)
    {
        using var connection = new ClusterConnection(address, TimeProvider.System);
        var seen = new List<JobEvent>();
        await foreach (
            var next in JobFollower.FollowAsync(
                connection,
                "job-1",
                "",
                known: false,
                TimeSpan.FromMinutes(2),
                TimeProvider.System,
                lost,
                TestContext.Current.CancellationToken
            )
        )
        {
            seen.Add(next);
        }
        return seen;
    }
}
