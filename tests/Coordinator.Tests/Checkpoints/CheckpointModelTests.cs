using System.Text;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Checkpoints;

/// <summary>A job that trains is tried with the weights of its newest checkpoint.</summary>
public class CheckpointModelTests
{
    // Two tensors of two bytes: one that only training needs, and a weight.
    private const string Header =
        """{"m/a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"weights/a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetArtifacts_RunningJobWithCheckpoints_IsAModelOfTheNewest()
    {
        await using var server = await TestServer.StartAsync();
        var manifest = TestDataset.AddTo(server.Data);
        await AddAsync(server);
        await StoreAsync(server, 5, "..ab");
        await StoreAsync(server, 7, "..cd");
        using var folder = new TemporaryFolder();

        var model = await FetchAsync(server, folder.Path, newest: true);

        var said = ModelFolder.ReadManifest(model);
        Assert.Equal(7, said.Counts["steps"]);
        Assert.Equal(manifest.VocabularySize, said.VocabularySize);
        Assert.Equal(128, (int)said.Specification["model"]!["dModel"]!);
        using (var weights = Safetensors.Open(Path.Combine(model, ModelFolder.WeightsFile)))
        {
            var only = Assert.Single(weights.Entries);
            Assert.Equal("a", only.Name);
            Assert.Equal("cd", Encoding.ASCII.GetString(weights.Read("a").Bytes.Span));
        }
        Assert.Equal(
            await File.ReadAllBytesAsync(
                Path.Combine(server.Data.Datasets, TestDataset.Fingerprint, ModelFolder.TokenizerFile),
                Cancellation
            ),
            await File.ReadAllBytesAsync(Path.Combine(model, ModelFolder.TokenizerFile), Cancellation)
        );
        // What was made for the call is gone.
        Assert.Empty(Directory.GetFileSystemEntries(server.Data.Uploads));
    }

    [Fact]
    public async Task GetArtifacts_NewestIsDamaged_IsAModelOfTheOneBefore()
    {
        await using var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        await AddAsync(server);
        await StoreAsync(server, 5, "..ab");
        await StoreAsync(server, 7, "..cd");
        var damaged = Path.Combine(server.Data.Checkpoints("job-1"), "7", "state.safetensors");
        var bytes = await File.ReadAllBytesAsync(damaged, Cancellation);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(damaged, bytes, Cancellation);
        using var folder = new TemporaryFolder();

        Assert.Equal(5, ModelFolder.ReadManifest(await FetchAsync(server, folder.Path, newest: true)).Counts["steps"]);
    }

    [Theory]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    public async Task GetArtifacts_NotAskedOrNothingThere_HasNone(bool newest, bool checkpoint, bool dataset)
    {
        await using var server = await TestServer.StartAsync();
        if (dataset)
        {
            TestDataset.AddTo(server.Data);
        }
        await AddAsync(server);
        if (checkpoint)
        {
            await StoreAsync(server, 5, "..ab");
        }
        using var folder = new TemporaryFolder();
        var error = await Assert.ThrowsAsync<RpcException>(() => FetchAsync(server, folder.Path, newest));
        Assert.Equal(StatusCode.FailedPrecondition, error.StatusCode);
        Assert.Contains("job job-1 has left no model", error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(server.Data.Uploads));
    }

    private static async Task AddAsync(TestServer server)
    {
        await server.AddAsync(JobPhase.Running);
        await server.Store.EditAsync(
            "job-1",
            job =>
            {
                var spec = job.Spec.Clone();
                spec.Dataset.Fingerprint = TestDataset.Fingerprint;
                spec.Model.DModel = 128;
                return new(spec, job.Labels);
            }
        );
    }

    private static async Task StoreAsync(TestServer server, long step, string content)
    {
        using var call = server.Checkpoints.StoreCheckpoint(GroupToken.Show(TestServer.GroupSecret));
        var header = new CheckpointHeader
        {
            JobId = "job-1",
            Generation = 1,
            Step = step,
        };
        await CheckpointCalls.SendAsync(
            call,
            header,
            ("state.safetensors", $"{(char)Header.Length}{new string('\0', 7)}{Header}{content}")
        );
    }

    private static async Task<string> FetchAsync(TestServer server, string folder, bool newest)
    {
        await using var receiver = new FolderReceiver(folder);
        using var call = server.Jobs.GetArtifacts(
            new GetArtifactsRequest { Id = "job-1", NewestCheckpoint = newest },
            cancellationToken: Cancellation
        );
        await receiver.ReceiveAsync(call.ResponseStream.ReadAllAsync(Cancellation), Cancellation);
        var target = Path.Combine(folder, "model");
        receiver.MoveTo(target);
        return target;
    }
}
