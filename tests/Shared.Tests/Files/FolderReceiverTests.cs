using Google.Protobuf;
using TrainingCluster.Checkpoints;
using TrainingCluster.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Tests.Files;

public sealed class FolderReceiverTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

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
        await using var receiver = new FolderReceiver(_folder);
        await receiver.WriteAsync(Chunk("a.txt", 6, "abc"), default);
        await receiver.WriteAsync(Chunk("a.txt", 6, "def"), default);
        await receiver.WriteAsync(Chunk("sub/b", 0, ""), default);
        await receiver.CompleteAsync(default);
        receiver.MoveTo(Path.Combine(_folder, "final"));

        Assert.Equal("abcdef", await File.ReadAllTextAsync(Path.Combine(_folder, "final", "a.txt")));
        Assert.Equal(new StoredFile("a.txt", 6, "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"), receiver.Files[0]);
        Assert.Equal(["final"], Directory.EnumerateDirectories(_folder).Select(Path.GetFileName));
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
        await using var receiver = new FolderReceiver(_folder);
        var error = await Assert.ThrowsAsync<FileTransferException>(() => receiver.WriteAsync(Chunk(path, 1, "x"), default));
        Assert.Equal("file.path", error.Field);
    }

    [Theory]
    [InlineData(2, "abc")]
    [InlineData(4, "abc")]
    public async Task Complete_OtherSizeThanAnnounced_IsRefusedAndRemoved(long announced, string data)
    {
        await using (var receiver = new FolderReceiver(_folder))
        {
            await Assert.ThrowsAsync<FileTransferException>(async () =>
            {
                await receiver.WriteAsync(Chunk("a", announced, data), default);
                await receiver.CompleteAsync(default);
            });
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Complete_OtherBytesThanTheirSha256Says_IsRefused()
    {
        await using var receiver = new FolderReceiver(_folder);
        var chunk = Chunk("a", 1, "x");
        chunk.Sha256 = new string('0', 64);
        await receiver.WriteAsync(chunk, default);
        var error = await Assert.ThrowsAsync<FileTransferException>(() => receiver.CompleteAsync(default));
        Assert.Contains("a arrived damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Receive_WhatASenderReads_IsTheSameFolder()
    {
        var source = Path.Combine(_folder, "source");
        Directory.CreateDirectory(Path.Combine(source, "sub"));
        var large = new byte[FolderSender.ChunkBytes + 1];
        new Random(1).NextBytes(large);
        await File.WriteAllBytesAsync(Path.Combine(source, "large"), large);
        await File.WriteAllBytesAsync(Path.Combine(source, "sub", "empty"), []);
        await using var receiver = new FolderReceiver(_folder);
        await receiver.ReceiveAsync(FolderSender.ReadAsync(source), default);
        Assert.Equal([("large", large.Length), ("sub/empty", 0)], receiver.Files.Select(file => (file.Path, (int)file.Bytes)));
        Assert.Equal(large, await File.ReadAllBytesAsync(Path.Combine(receiver.Folder, "large")));
    }

    [Fact]
    public async Task Write_SameFileTwice_IsRefused()
    {
        await using var receiver = new FolderReceiver(_folder);
        await receiver.WriteAsync(Chunk("a", 1, "x"), default);
        await receiver.WriteAsync(Chunk("b", 1, "x"), default);
        await Assert.ThrowsAsync<FileTransferException>(() => receiver.WriteAsync(Chunk("a", 1, "x"), default));
    }

    [Fact]
    public async Task RemoveLeftovers_UnfinishedUpload_IsRemovedAndNothingElse()
    {
        Directory.CreateDirectory(Path.Combine(_folder, FolderReceiver.TemporaryPrefix + "old"));
        Directory.CreateDirectory(Path.Combine(_folder, "12"));
        FolderReceiver.RemoveLeftovers(_folder);
        Assert.Equal(["12"], Directory.EnumerateDirectories(_folder).Select(Path.GetFileName));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task DisposeAsync_DiskFullWhileWriting_RemovesTheTemporaryFolder()
    {
        await using (var receiver = new FolderReceiver(_folder, _ => new FullDisk()))
        {
            var error = await Assert.ThrowsAsync<IOException>(() => receiver.WriteAsync(Chunk("a", 3, "abc"), default));
            Assert.True(DiskErrors.IsFull(error));
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
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
