using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Checkpoints;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Files;

public sealed class FolderReceiverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static FileChunk Chunk(string path, long size, string data) =>
        new()
        {
            Path = path,
            FileBytes = size,
            Data = ByteString.CopyFromUtf8(data),
        };

    [Fact]
    public async Task MoveTo_WholeFiles_StandAtTheFinalName()
    {
        await using var receiver = new FolderReceiver(_folder.Path);
        await receiver.WriteAsync(Chunk("a.txt", 6, "abc"), default);
        await receiver.WriteAsync(Chunk("a.txt", 6, "def"), default);
        await receiver.WriteAsync(Chunk("sub/b", 0, ""), default);
        await receiver.CompleteAsync(default);
        receiver.MoveTo(Path.Combine(_folder.Path, "final"));

        Assert.Equal("abcdef", await File.ReadAllTextAsync(Path.Combine(_folder.Path, "final", "a.txt")));
        Assert.Equal(new StoredFile("a.txt", 6, "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"), receiver.Files[0]);
        Assert.Equal(["final"], Directory.EnumerateDirectories(_folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("../a")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a\\b")]
    [InlineData("")]
    [InlineData("./a")]
    public async Task Write_PathThatLeavesTheFolder_IsRefused(string path)
    {
        await using var receiver = new FolderReceiver(_folder.Path);
        var error = await Assert.ThrowsAsync<RpcException>(() => receiver.WriteAsync(Chunk(path, 1, "x"), default));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Theory]
    [InlineData(2, "abc")]
    [InlineData(4, "abc")]
    public async Task Complete_OtherSizeThanAnnounced_IsRefusedAndRemoved(long announced, string data)
    {
        await using (var receiver = new FolderReceiver(_folder.Path))
        {
            await Assert.ThrowsAsync<RpcException>(async () =>
            {
                await receiver.WriteAsync(Chunk("a", announced, data), default);
                await receiver.CompleteAsync(default);
            });
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Write_SameFileTwice_IsRefused()
    {
        await using var receiver = new FolderReceiver(_folder.Path);
        await receiver.WriteAsync(Chunk("a", 1, "x"), default);
        await receiver.WriteAsync(Chunk("b", 1, "x"), default);
        await Assert.ThrowsAsync<RpcException>(() => receiver.WriteAsync(Chunk("a", 1, "x"), default));
    }

    [Fact]
    public async Task RemoveLeftovers_UnfinishedUpload_IsRemovedAndNothingElse()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, FolderReceiver.TemporaryPrefix + "old"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "12"));
        FolderReceiver.RemoveLeftovers(_folder.Path);
        Assert.Equal(["12"], Directory.EnumerateDirectories(_folder.Path).Select(Path.GetFileName));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task DisposeAsync_DiskFullWhileWriting_RemovesTheTemporaryFolder()
    {
        await using (var receiver = new FolderReceiver(_folder.Path, _ => new FullDisk()))
        {
            var error = await Assert.ThrowsAsync<IOException>(() => receiver.WriteAsync(Chunk("a", 3, "abc"), default));
            Assert.True(DiskErrors.IsFull(error));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void IsFull_RealFullDevice_IsRecognised()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        using var stream = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        Assert.True(DiskErrors.IsFull(Assert.ThrowsAny<IOException>(() => stream.Write([1, 2, 3]))));
    }

    private sealed class FullDisk : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("No space left on device", 28);
    }
}
