using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Transport;
using TrainingCluster.V1;
using static TrainingCluster.Coordinator.Tests.Checkpoints.CheckpointCalls;

namespace TrainingCluster.Coordinator.Tests.Checkpoints;

/// <summary>Who may store and fetch, and what is taken.</summary>
public class CheckpointAccessTests
{
    [Theory]
    [InlineData("", 1, 6, StatusCode.PermissionDenied)]
    [InlineData("guessed", 1, 6, StatusCode.PermissionDenied)]
    [InlineData(TestServer.GroupSecret, 2, 6, StatusCode.PermissionDenied)]
    [InlineData(TestServer.GroupSecret, 1, 99_999, StatusCode.InvalidArgument)]
    public async Task StoreCheckpoint_ByAStrangerOrOfAStepThatCannotBe_IsRefused(string token, long generation, long step, StatusCode code)
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        await StoreAsync(server, 5);
        using var store = server.Checkpoints.StoreCheckpoint(GroupToken.Show(token));
        using var model = server.Checkpoints.StoreModel(GroupToken.Show(token));
        foreach (var call in (AsyncClientStreamingCall<StoreCheckpointRequest, CheckpointInfo>[])[store, model])
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() =>
                SendAsync(
                    call,
                    new()
                    {
                        JobId = "job-1",
                        Generation = generation,
                        Step = step,
                    },
                    ("state.safetensors", Safetensors("forged"))
                )
            );
            Assert.Equal(code, refused.StatusCode);
        }

        Assert.Equal([5], (await server.Checkpoints.ListCheckpointsAsync(new() { JobId = "job-1" })).Checkpoints.Select(c => c.Step));
        Assert.False(Directory.Exists(server.Data.Model("job-1")));
    }

    [Theory]
    [InlineData("state.safetensors", "abcd")]
    [InlineData("weights.bin", "abcd")]
    public async Task StoreCheckpoint_NoTrainingState_IsRefused(string name, string content)
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        using var call = server.Checkpoints.StoreCheckpoint(GroupToken.Show(TestServer.GroupSecret));
        var header = new CheckpointHeader
        {
            JobId = "job-1",
            Generation = 1,
            Step = 1,
        };
        var refused = await Assert.ThrowsAsync<RpcException>(() => SendAsync(call, header, (name, content)));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains("state.safetensors", refused.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Data.Root, refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FetchCheckpoint_ByAStranger_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        await StoreAsync(server, 5);
        using var call = server.Checkpoints.FetchCheckpoint(
            new()
            {
                JobId = "job-1",
                CheckpointId = "5",
                Generation = 1,
            }
        );
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
    }
}
