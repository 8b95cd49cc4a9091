using Grpc.Core;
using TrainingCluster.Cli.Client;

namespace TrainingCluster.Cli.Tests.Client;

public sealed class DatasetUploadTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task SendAsync_CoordinatorRefusesWhileBytesFlow_NamesItsReason()
    {
        await File.WriteAllBytesAsync(_folder.At("big"), new byte[16 << 20], TestContext.Current.CancellationToken);
        await using var coordinator = await FakeCoordinator.StartAsync(
            new() { UploadRefusal = new Status(StatusCode.ResourceExhausted, "no room left") }
        );
        // Writes race with the end of the call: whichever of them fails, it is told why.
        for (var i = 0; i < 20; i++)
        {
            using var connection = new ClusterConnection(coordinator.Address, TimeProvider.System);
            var refused = await Assert.ThrowsAsync<CliException>(() =>
                DatasetUpload.SendAsync(connection, _folder.Path, (_, _) => { }, TestContext.Current.CancellationToken)
            );
            Assert.Equal($"{coordinator.Address}: no room left", refused.Message);
        }
    }

    [Fact]
    public async Task SendAsync_FileThatCannotBeRead_EndsWithThatInsteadOfWaiting()
    {
        File.CreateSymbolicLink(_folder.At("gone"), _folder.At("nowhere"));
        await using var coordinator = await FakeCoordinator.StartAsync(new());
        using var connection = new ClusterConnection(coordinator.Address, TimeProvider.System);
        await Assert.ThrowsAsync<FileNotFoundException>(() =>
            DatasetUpload.SendAsync(connection, _folder.Path, (_, _) => { }, TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task SendAsync_MoreThanAnHttpServersUsualLimit_Arrives()
    {
        const int Bytes = 40 << 20;
        await File.WriteAllBytesAsync(_folder.At("big"), new byte[Bytes], TestContext.Current.CancellationToken);
        await using var coordinator = await FakeCoordinator.StartAsync(new());
        using var connection = new ClusterConnection(coordinator.Address, TimeProvider.System);
        var told = 0L;
        await DatasetUpload.SendAsync(connection, _folder.Path, (sent, _) => told = sent, TestContext.Current.CancellationToken);
        Assert.Equal((Bytes, Bytes), (told, coordinator.Answers.Uploaded.Sum(chunk => chunk.Data.Length)));
    }
}
