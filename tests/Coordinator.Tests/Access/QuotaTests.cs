using Grpc.Core;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Access;

public sealed class QuotaTests
{
    [Fact]
    public async Task UploadDataset_LargerThanItMayBe_IsRefusedAtItsFirstChunkAndNothingStays()
    {
        await using var server = await TestServer.StartAsync(quotas: new Quotas { DatasetBytes = 1000 });
        using var folder = new TemporaryFolder();
        TestDataset.Build(Path.Combine(folder.Path, "set"));
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using var call = server.Datasets.UploadDataset(cancellationToken: TestContext.Current.CancellationToken);
            await call.SendAllAsync(
                FolderSender.ReadAsync(Path.Combine(folder.Path, "set"), TestContext.Current.CancellationToken),
                TestContext.Current.CancellationToken
            );
        });
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("more than the 1000 that may be stored", error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(server.Data.Datasets));
    }

    [Fact]
    public async Task StoreCheckpoint_OfAJobThatHasItsShare_IsRefused()
    {
        await using var server = await TestServer.StartAsync(quotas: new Quotas { JobBytes = 5000 });
        var job = await server.AddAsync(JobPhase.Running);
        var old = Path.Combine(server.Data.Checkpoints(job.Id), "1");
        Directory.CreateDirectory(old);
        await File.WriteAllBytesAsync(Path.Combine(old, "state.safetensors"), new byte[4500], TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using var call = server.Checkpoints.StoreCheckpoint(GroupToken.Show(TestServer.GroupSecret));
            await call.RequestStream.WriteAsync(
                new()
                {
                    Header = new()
                    {
                        JobId = job.Id,
                        Generation = 1,
                        Step = 5,
                    },
                    File = new FileChunk { Path = "state.safetensors", FileBytes = 600 },
                },
                TestContext.Current.CancellationToken
            );
            await call.RequestStream.CompleteAsync();
            await call;
        });
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("more than the 500 that may be stored", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateJob_OfAClientThatHasAsManyAsItMay_IsRefusedUntilOneHasEnded()
    {
        await using var server = await TestServer.StartAsync(quotas: new Quotas { Jobs = 1 });
        TestDataset.AddTo(server.Data);
        var request = new CreateJobRequest { Spec = new() { Dataset = new() { Fingerprint = TestDataset.Fingerprint } } };
        var first = await server.Jobs.CreateJobAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Jobs.CreateJobAsync(request));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("have not ended", error.Status.Detail, StringComparison.Ordinal);
        await server.Jobs.CancelJobAsync(new() { Id = first.Id }, cancellationToken: TestContext.Current.CancellationToken);
        await server.Jobs.CreateJobAsync(request, cancellationToken: TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("500", 500L)]
    [InlineData("64Ki", 65536L)]
    [InlineData("20Gi", 20L << 30)]
    [InlineData("1.5Gi", null)]
    [InlineData("-1", null)]
    [InlineData("10GB", null)]
    [InlineData("99999999Ti", null)]
    [InlineData("", null)]
    public void Read_SizesOfPeople_AreBytes(string text, long? bytes) => Assert.Equal(bytes, QuotaCommandOptions.Read(text));
}
