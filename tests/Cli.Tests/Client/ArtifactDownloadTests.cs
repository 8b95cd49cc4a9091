using System.Security.Cryptography;
using Google.Protobuf;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Tests.Client;

public sealed class ArtifactDownloadTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Artifacts_SeveralFilesInChunks_AppearWhole()
    {
        var session = await ReceiveAsync([
            .. Chunks("manifest.json", "{", "}"),
            .. Chunks("sub/empty", ""),
            .. Chunks("model.safetensors", "abc", "def"),
        ]);
        Assert.Equal("", session.Error);
        Assert.Equal(0, session.ExitCode);
        Assert.Equal("{}", Read("manifest.json"));
        Assert.Equal("", Read("sub/empty"));
        Assert.Equal("abcdef", Read("model.safetensors"));
    }

    [Fact]
    public async Task Artifacts_DamagedFile_LeavesNothing()
    {
        var chunks = Chunks("manifest.json", "{", "}");
        chunks[1].Data = ByteString.CopyFromUtf8("!");
        var session = await ReceiveAsync(chunks);
        Assert.Equal(ExitCodes.Failed, session.ExitCode);
        Assert.Contains("the model of job job-1: manifest.json arrived damaged", session.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("/tmp/cluster-test-escape")]
    [InlineData("a/../../escape")]
    public async Task Artifacts_PathOutsideOfTheFolder_IsRefused(string path)
    {
        var session = await ReceiveAsync(Chunks(path, "x"));
        Assert.Equal(ExitCodes.Failed, session.ExitCode);
        Assert.Contains(path, session.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
        Assert.False(File.Exists("/tmp/cluster-test-escape"));
    }

    [Fact]
    public async Task Artifacts_FolderThatIsThere_StaysAndGetsTheFiles()
    {
        // As with a mount point, another folder in its place would be seen by nobody.
        Directory.CreateDirectory(_folder.At("disk"));
        _folder.Write("disk/manifest.json", "old");
        _folder.Write("disk/notes", "mine");
        Directory.CreateSymbolicLink(_folder.At("out"), _folder.At("disk"));
        var session = await ReceiveAsync([.. Chunks("manifest.json", "{", "}"), .. Chunks("sub/model", "abc")], "--overwrite");
        Assert.Equal("", session.Error);
        Assert.Equal(_folder.At("disk"), new DirectoryInfo(_folder.At("out")).LinkTarget);
        Assert.Equal("{}", Read("manifest.json"));
        Assert.Equal("abc", Read("sub/model"));
        Assert.Equal("mine", Read("notes"));
        Assert.Equal(3, Directory.GetFileSystemEntries(_folder.At("disk")).Length);
    }

    [Fact]
    public async Task Artifacts_DamagedFileForAFolderThatIsThere_LeavesTheOldModel()
    {
        Directory.CreateDirectory(_folder.At("out"));
        _folder.Write("out/manifest.json", "old");
        var chunks = Chunks("manifest.json", "{", "}");
        chunks[1].Data = ByteString.CopyFromUtf8("!");
        var session = await ReceiveAsync(chunks, "--overwrite");
        Assert.Equal(ExitCodes.Failed, session.ExitCode);
        Assert.Equal("old", Read("manifest.json"));
        Assert.Single(Directory.GetFileSystemEntries(_folder.At("out")));
    }

    private string Read(string name) => File.ReadAllText(_folder.At($"out/{name}"));

    private async Task<Session> ReceiveAsync(IReadOnlyList<FileChunk> chunks, params string[] options)
    {
        await using var coordinator = await FakeCoordinator.StartAsync(new() { Artifacts = chunks });
        return await Session.RunAsync(["artifacts", "job-1", "--out", _folder.At("out"), "--coordinator", coordinator.Address, .. options]);
    }

    private static List<FileChunk> Chunks(string path, params string[] parts)
    {
        var whole = System.Text.Encoding.UTF8.GetBytes(string.Concat(parts));
        return
        [
            .. parts.Select(part => new FileChunk
            {
                Path = path,
                FileBytes = whole.Length,
                Sha256 = Convert.ToHexStringLower(SHA256.HashData(whole)),
                Data = ByteString.CopyFromUtf8(part),
            }),
        ];
    }
}
