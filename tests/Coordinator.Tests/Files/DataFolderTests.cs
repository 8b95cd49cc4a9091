using TrainingCluster.Coordinator.Files;
using TrainingCluster.Files;

namespace TrainingCluster.Coordinator.Tests.Files;

public sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prepare_AfterACrash_RemovesUnfinishedUploadsAndNothingElse()
    {
        var data = new DataFolder(_folder.Path);
        data.Prepare();
        Directory.CreateDirectory(Path.Combine(data.Uploads, FolderReceiver.TemporaryPrefix + "1", "sub"));
        Directory.CreateDirectory(data.Model("a"));

        new DataFolder(_folder.Path).Prepare();

        Assert.Empty(Directory.EnumerateFileSystemEntries(data.Uploads));
        Assert.True(Directory.Exists(data.Model("a")));
    }
}
