using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Datasets;

public class DatasetsServiceTests
{
    private static async Task<DatasetInfo> UploadAsync(TestServer server, string folder, Func<string, byte[], byte[]>? spoil = null)
    {
        using var call = server.Datasets.UploadDataset();
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            var name = Path.GetFileName(file);
            var bytes = await File.ReadAllBytesAsync(file);
            bytes = spoil?.Invoke(name, bytes) ?? bytes;
            await call.RequestStream.WriteAsync(
                new()
                {
                    Path = name,
                    FileBytes = bytes.Length,
                    Data = ByteString.CopyFrom(bytes),
                }
            );
        }
        await call.RequestStream.CompleteAsync();
        return await call;
    }

    [Theory]
    [InlineData("train.target.tokens", true)]
    [InlineData("tokenizer.json", false)]
    public async Task GetDataset_FileMissingOrDamagedSince_IsAbsentUntilUploadedAgain(string name, bool missing)
    {
        using var folder = new TemporaryFolder();
        TestDataset.Build(Path.Combine(folder.Path, "set"));
        await using var server = await TestServer.StartAsync();
        var info = await UploadAsync(server, Path.Combine(folder.Path, "set"));
        var file = Path.Combine(server.Data.Datasets, info.Fingerprint, name);
        if (missing)
        {
            File.Delete(file);
        }
        else
        {
            await File.AppendAllTextAsync(file, " ", TestContext.Current.CancellationToken);
        }

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Datasets.GetDatasetAsync(new() { Fingerprint = info.Fingerprint })
        );
        Assert.Equal(StatusCode.NotFound, error.StatusCode);

        var again = await UploadAsync(server, Path.Combine(folder.Path, "set"));
        Assert.Equal((info.Fingerprint, info.ManifestJson), (again.Fingerprint, again.ManifestJson));
        Assert.Equal(again, await server.Datasets.GetDatasetAsync(new() { Fingerprint = info.Fingerprint }));
    }

    [Fact]
    public async Task DownloadDataset_Uploaded_OpensAsTheSameDataset()
    {
        using var folder = new TemporaryFolder();
        var manifest = TestDataset.Build(Path.Combine(folder.Path, "set"));
        await using var server = await TestServer.StartAsync();

        var info = await UploadAsync(server, Path.Combine(folder.Path, "set"));
        Assert.Equal(manifest.Fingerprint, info.Fingerprint);
        Assert.Equal(info.Fingerprint, (await UploadAsync(server, Path.Combine(folder.Path, "set"))).Fingerprint);

        var copy = Directory.CreateDirectory(Path.Combine(folder.Path, "copy")).FullName;
        using var call = server.Datasets.DownloadDataset(new() { Fingerprint = info.Fingerprint });
        await foreach (var chunk in call.ResponseStream.ReadAllAsync())
        {
            await using var file = new FileStream(Path.Combine(copy, chunk.Path), FileMode.Append);
            chunk.Data.WriteTo(file);
        }
        using var dataset = Dataset.Open(copy);
        Assert.Equal(info.Fingerprint, dataset.Fingerprint);
        Assert.Equal([info.Fingerprint], Directory.EnumerateFileSystemEntries(server.Data.Datasets).Select(Path.GetFileName));
    }

    [Fact]
    public async Task UploadDataset_DamagedOnTheWay_IsRefusedAndNothingKept()
    {
        using var folder = new TemporaryFolder();
        TestDataset.Build(Path.Combine(folder.Path, "set"));
        await using var server = await TestServer.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(() =>
            UploadAsync(
                server,
                Path.Combine(folder.Path, "set"),
                (name, bytes) =>
                {
                    if (name == "tokenizer.json")
                    {
                        bytes[10] ^= 1;
                    }
                    return bytes;
                }
            )
        );

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("tokenizer.json", error.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Data.Root, error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.Data.Datasets));
    }

    [Theory]
    [InlineData("ffff")]
    [InlineData("../jobs.db")]
    public async Task GetDataset_Unknown_IsNotFound(string fingerprint)
    {
        await using var server = await TestServer.StartAsync();
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Datasets.GetDatasetAsync(new() { Fingerprint = fingerprint })
        );
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }
}
