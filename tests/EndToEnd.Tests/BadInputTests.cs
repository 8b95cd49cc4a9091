using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary>What cannot be used is named with its fix, with status 2, before anything is started.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData("--grpc-port")]
    [InlineData("--http-port")]
    [InlineData("--cluster-port")]
    public async Task Up_PortInUse_NamesThePortAndTheFlag(string flag)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var others = new[] { "--grpc-port", "--http-port", "--cluster-port" }
            .Where(other => other != flag)
            .SelectMany(other => (string[])[other, "0"]);
        var result = await ClusterCommand.RunAsync(_workspace, "", ["up", "--workers", "1", flag, $"{port}", .. others]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"{port}", result.Error, StringComparison.Ordinal);
        Assert.Contains(flag, result.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_workspace.Temporary));
    }

    [Fact]
    public async Task Train_TextThatCannotBeUsed_NamesTheFile()
    {
        foreach (
            var (name, bytes) in new (string, byte[])[]
            {
                ("empty", []),
                ("binary", [0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1]),
                ("latin1", Encoding.Latin1.GetBytes("Grüße\n")),
                ("short", Encoding.UTF8.GetBytes("one line\n")),
                ("cut.gz", Gzip("one line\n"u8.ToArray())[..^9]),
            }
        )
        {
            await File.WriteAllBytesAsync(_workspace.At(name), bytes, TestContext.Current.CancellationToken);
            var result = await ClusterCommand.RunAsync(
                _workspace,
                "",
                "train",
                "--source",
                _workspace.At(name),
                "--target",
                _workspace.At("train.target"),
                "--out",
                _workspace.At("out")
            );
            Assert.Equal(2, result.ExitCode);
            Assert.Contains(_workspace.At(name), result.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(_workspace.Temporary));
            Assert.False(Directory.Exists(_workspace.At("out")));
        }
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }
        return stream.ToArray();
    }

    [Fact]
    public async Task Translate_FolderWithoutModel_NamesIt()
    {
        var result = await ClusterCommand.RunAsync(_workspace, "x\n", "translate", "--model", _workspace.Path);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(_workspace.Path, result.Error, StringComparison.Ordinal);
        Assert.Contains("manifest.json", result.Error, StringComparison.Ordinal);
    }
}
