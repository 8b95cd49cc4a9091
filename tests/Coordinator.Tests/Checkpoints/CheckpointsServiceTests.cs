using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Checkpoints;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests.Files;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;
using TrainingCluster.Transport;
using static TrainingCluster.Coordinator.Tests.Checkpoints.CheckpointCalls;

namespace TrainingCluster.Coordinator.Tests.Checkpoints;

public class CheckpointsServiceTests
{
    [Fact]
    public async Task FetchCheckpoint_Stored_GivesTheSameFiles()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);

        var info = await StoreAsync(server, 40);

        Assert.Equal(("40", 40, Safetensors("weights").Length), (info.CheckpointId, info.Step, info.SizeBytes));
        Assert.Equal([$"state.safetensors={Safetensors("weights")}"], await FetchAsync(server, "40"));
        Assert.Equal(["job-1"], server.Control.CheckpointsOf);
    }

    [Fact]
    public async Task StoreCheckpoint_BytesThatAreNoMessage_AreTheCallersFaultNotTheDisks()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var raw = Marshallers.Create(bytes => bytes, bytes => bytes);
        var method = new Method<byte[], byte[]>(MethodType.ClientStreaming, "cluster.v1.Checkpoints", "StoreCheckpoint", raw, raw);
        using var call = server.Channel.CreateCallInvoker().AsyncClientStreamingCall(method, null, new CallOptions());
        await call.RequestStream.WriteAsync([0x0F, 1, 2, 3]);

        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.DoesNotContain("storage", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoreCheckpoint_InParts_IsWholeWhenTheLastOneHasCome()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        // Of step 40 one part never comes.
        await StorePartAsync(server, 40, 1, 2, "x");
        var whole = Safetensors("weights");
        Assert.Equal("", (await StorePartAsync(server, 50, 2, 3, whole[40..])).CheckpointId);
        Assert.Equal("", (await StorePartAsync(server, 50, 0, 3, whole[..5])).CheckpointId);
        Assert.Empty((await server.Checkpoints.ListCheckpointsAsync(new() { JobId = "job-1" })).Checkpoints);
        Assert.Empty(server.Control.CheckpointsOf);

        var info = await StorePartAsync(server, 50, 1, 3, whole[5..40]);

        Assert.Equal(("50", whole.Length), (info.CheckpointId, info.SizeBytes));
        Assert.Equal([$"state.safetensors={whole}"], await FetchAsync(server, "50"));
        Assert.Equal(["50"], Directory.EnumerateFileSystemEntries(server.Data.Checkpoints("job-1")).Select(Path.GetFileName));
        Assert.Equal(["job-1"], server.Control.CheckpointsOf);
        var (manifest, problem) = await CheckpointManifest.VerifyAsync(Path.Combine(server.Data.Checkpoints("job-1"), "50"), default);
        Assert.Equal((2, ""), (manifest!.Epoch, problem));
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(-1, 2)]
    [InlineData(1, 0)]
    [InlineData(0, 5000)]
    public async Task StoreCheckpoint_PartThatCannotBe_IsInvalid(int part, int parts)
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var error = await Assert.ThrowsAsync<RpcException>(() => StorePartAsync(server, 1, part, parts, "x"));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task StoreCheckpoint_MoreThanAreKept_KeepsTheNewestAndTheBest()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        for (var step = 10; step <= 50; step += 10)
        {
            await StoreAsync(server, step, best: step is 10 or 20);
        }

        var list = await server.Checkpoints.ListCheckpointsAsync(new() { JobId = "job-1" });

        Assert.Equal([20, 40, 50], list.Checkpoints.Select(c => c.Step));
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("truncate")]
    [InlineData("remove")]
    [InlineData("version")]
    public async Task FetchCheckpoint_DamagedLater_IsNamedAndTheOneBeforeIsNewest(string damage)
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        await StoreAsync(server, 1);
        await StoreAsync(server, 2);
        var file = Path.Combine(
            server.Data.Checkpoints("job-1"),
            "2",
            damage == "version" ? CheckpointManifest.FileName : "state.safetensors"
        );
        switch (damage)
        {
            case "flip":
                await File.WriteAllTextAsync(file, Safetensors("weightz"));
                break;
            case "truncate":
                await File.WriteAllTextAsync(file, Safetensors("weights")[..^1]);
                break;
            case "remove":
                File.Delete(file);
                break;
            case "version":
                await File.WriteAllTextAsync(file, """{"formatVersion": 99, "files": []}""");
                break;
        }

        var error = await Assert.ThrowsAsync<RpcException>(() => FetchAsync(server, "2"));

        Assert.Equal(StatusCode.DataLoss, error.StatusCode);
        Assert.Contains(damage == "version" ? "version 99" : "state.safetensors", error.Status.Detail, StringComparison.Ordinal);
        var (newest, damaged) = await new CheckpointLibrary(server.Data, new()).NewestWholeAsync("job-1", default);
        Assert.Equal("1", newest!.CheckpointId);
        Assert.Equal("2", Assert.Single(damaged).CheckpointId);
    }

    [Fact]
    public async Task NewestWhole_CheckpointOfAnotherJobOrRejected_IsNamedAndPassedOver()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        foreach (var step in (long[])[1, 2, 3])
        {
            await StoreAsync(server, step, best: step == 1);
        }
        // Put there by hand, under a number that it does not have.
        Directory.Move(Path.Combine(server.Data.Checkpoints("job-1"), "3"), Path.Combine(server.Data.Checkpoints("job-1"), "30"));
        using var library = new CheckpointLibrary(server.Data, new());
        library.Reject("job-1", "2", "worker w: it is of step 9");

        var (newest, passedOver) = await library.NewestWholeAsync("job-1", TestContext.Current.CancellationToken);

        Assert.Equal("1", newest!.CheckpointId);
        Assert.Equal(["30", "2"], passedOver.Select(c => c.CheckpointId));
        Assert.Contains("step 3", passedOver[0].Error, StringComparison.Ordinal);
        Assert.Equal("worker w: it is of step 9", passedOver[1].Error);
    }

    [Fact]
    public async Task FetchCheckpoint_PathAsId_IsNotFound()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        await StoreAsync(server, 1);
        var error = await Assert.ThrowsAsync<RpcException>(() => FetchAsync(server, "../checkpoints/1"));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Fact]
    public async Task StoreCheckpoint_UnknownOrEndedJob_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        var unknown = await Assert.ThrowsAsync<RpcException>(() => StoreAsync(server, 1));
        await server.AddAsync(JobPhase.Cancelled);
        var ended = await Assert.ThrowsAsync<RpcException>(() => StoreAsync(server, 1));
        Assert.Equal((StatusCode.NotFound, StatusCode.FailedPrecondition), (unknown.StatusCode, ended.StatusCode));
        Assert.False(
            Directory.Exists(server.Data.Checkpoints("job-1")) && Directory.EnumerateDirectories(server.Data.Checkpoints("job-1")).Any()
        );
    }

    [Fact]
    public async Task StoreCheckpoint_StreamThatBreaksOff_LeavesNothing()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        using (var call = server.Checkpoints.StoreCheckpoint(GroupToken.Show(TestServer.GroupSecret)))
        {
            await call.RequestStream.WriteAsync(
                new()
                {
                    Header = new()
                    {
                        JobId = "job-1",
                        Generation = 1,
                        Step = 1,
                    },
                }
            );
            await call.RequestStream.WriteAsync(
                new()
                {
                    File = new()
                    {
                        Path = "a",
                        FileBytes = 100,
                        Data = ByteString.CopyFromUtf8("x"),
                    },
                }
            );
            await call.RequestStream.CompleteAsync();
            var error = await Assert.ThrowsAsync<RpcException>(async () => await call);
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
            Assert.Contains("1 of 100 bytes", RpcErrorDetails.Lines(error)[0], StringComparison.Ordinal);
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Data.Uploads));
        Assert.False(Directory.Exists(server.Data.Checkpoints("job-1")));
    }

    [Fact]
    public async Task StoreCheckpoint_DiskFull_IsResourceExhaustedAndTheLastGoodOneStands()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        using var disk = SmallDisk.Mount(server.Data.Jobs, kilobytes: 256);
        Assert.SkipUnless(disk is not null, "needs the right to mount a small disk");
        await StoreAsync(server, 1);

        var error = await Assert.ThrowsAsync<RpcException>(() => StoreAsync(server, 2, content: new string('x', 1 << 20)));

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Equal("DISK_FULL", RpcErrorDetails.Find<Google.Rpc.ErrorInfo>(error)!.Reason);
        Assert.Equal(["1"], Directory.EnumerateFileSystemEntries(server.Data.Checkpoints("job-1")).Select(Path.GetFileName));
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Data.Uploads));
        Assert.Equal([$"state.safetensors={Safetensors("weights")}"], await FetchAsync(server, "1"));
    }

    [Fact]
    public async Task StoreModel_Succeeded_GivesArtifactsWithChecksums()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        await StoreAsync(server, 5, model: true);
        await server.Store.SaveAsync(
            "job-1",
            (await server.Store.GetAsync("job-1"))!.Record with
            {
                Phase = JobPhase.Succeeded,
            },
            new(),
            []
        );

        using var call = server.Jobs.GetArtifacts(new() { Id = "job-1" });
        var chunks = await call.ResponseStream.ReadAllAsync().ToListAsync();

        var chunk = Assert.Single(chunks);
        Assert.Equal("model.safetensors", chunk.Path);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Safetensors("weights")))), chunk.Sha256);
    }
}
