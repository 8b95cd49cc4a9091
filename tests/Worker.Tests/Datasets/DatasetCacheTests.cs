using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Worker.Datasets;
using TrainingCluster.Worker.Tests.Training;

namespace TrainingCluster.Worker.Tests.Datasets;

public sealed class DatasetCacheTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cluster-test-");
    private TestCoordinator _coordinator = null!;
    private string _fingerprint = "";
    private DatasetCache _cache = null!;

    private string CacheFolder => Path.Combine(_folder.FullName, "cache");

    public async ValueTask InitializeAsync()
    {
        _coordinator = await TestCoordinator.StartAsync();
        _fingerprint = TestDataset.Build(Path.Combine(_folder.FullName, "served"));
        _coordinator.Files.DatasetFolder = Path.Combine(_folder.FullName, "served", _fingerprint);
        _cache = new DatasetCache(CacheFolder, () => _coordinator.Address, null);
    }

    [Fact]
    public async Task Open_TwoTimes_DownloadsOnce()
    {
        for (var i = 0; i < 2; i++)
        {
            using var dataset = await _cache.OpenAsync(_fingerprint, NullLogger.Instance, CancellationToken.None);
            Assert.Equal(_fingerprint, dataset.Fingerprint);
        }

        Assert.Equal(1, _coordinator.Files.Downloads);
        Assert.Equal([_fingerprint], Directory.EnumerateFileSystemEntries(CacheFolder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Open_CachedCopyIsDamaged_FetchesItAgain()
    {
        (await _cache.OpenAsync(_fingerprint, NullLogger.Instance, CancellationToken.None)).Dispose();
        var file = Path.Combine(CacheFolder, _fingerprint, "train.source.tokens");
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        (await _cache.OpenAsync(_fingerprint, NullLogger.Instance, CancellationToken.None)).Dispose();
        Assert.Equal(2, _coordinator.Files.Downloads);
    }

    [Fact]
    public async Task Open_CoordinatorSendsAnotherDataset_IsRefusedAndNothingIsLeft()
    {
        var other = new string('a', 64);
        await Assert.ThrowsAsync<DatasetException>(() => _cache.OpenAsync(other, NullLogger.Instance, CancellationToken.None));
        Assert.Empty(Directory.EnumerateFileSystemEntries(CacheFolder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc")]
    public async Task Open_NoFingerprint_IsRefused(string fingerprint) =>
        await Assert.ThrowsAsync<DatasetException>(() => _cache.OpenAsync(fingerprint, NullLogger.Instance, CancellationToken.None));

    [Fact]
    public async Task Open_CoordinatorUnknown_IsUnavailable()
    {
        var cache = new DatasetCache(CacheFolder, () => null, null);
        Assert.Equal(
            StatusCode.Unavailable,
            (
                await Assert.ThrowsAsync<RpcException>(() => cache.OpenAsync(_fingerprint, NullLogger.Instance, CancellationToken.None))
            ).StatusCode
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _coordinator.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
