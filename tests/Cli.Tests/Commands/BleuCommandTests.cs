using System.IO.Compression;
using System.IO.Pipes;
using System.Text.Json;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class BleuCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bleu_IdenticalText_Is100WithItsSignature()
    {
        var reference = _folder.Write("reference", "the cat sat on the mat .\nhello there , world\n");
        var session = await Session.WithInputAsync("the cat sat on the mat .\nhello there , world\n", "bleu", "--reference", reference);
        Assert.Equal(0, session.ExitCode);
        Assert.StartsWith("BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:", session.Out, StringComparison.Ordinal);
        Assert.Contains(" = 100.00 100.0/100.0/100.0/100.0 (BP = 1.000", session.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bleu_TwoReferences_TakesTheBetterMatchAndSaysSo()
    {
        var (first, second) = (_folder.Write("1", "a b c d e\n"), _folder.Write("2", "v w x y z\n"));
        var session = await Session.WithInputAsync("v w x y z\n", "bleu", "-r", first, "-r", second, "--json");
        using var json = JsonDocument.Parse(session.Out);
        Assert.Equal(100, json.RootElement.GetProperty("score").GetDouble(), 1e-9);
        Assert.Contains("nrefs:2", json.RootElement.GetProperty("signature").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\n", "1 lines")]
    [InlineData("a\nb\nc\n", "3 lines")]
    public async Task Bleu_OtherNumberOfLines_NamesBothCounts(string input, string expected)
    {
        var session = await Session.WithInputAsync(input, "bleu", "-r", _folder.Write("reference", "a\nb\n"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains(expected, session.Error, StringComparison.Ordinal);
        Assert.Contains("has 2", session.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bleu_ReferenceThroughAPipe_IsReadLikeAFile(bool gzip)
    {
        var bytes = "a b c d e\n"u8.ToArray();
        using var pipe = PipeOf(gzip ? Gzip(bytes) : bytes);
        var session = await Session.WithInputAsync("a b c d e\n", "bleu", "-r", PathOf(pipe));
        Assert.Equal("", session.Error);
        Assert.Contains(" = 100.00 ", session.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bleu_PipeThatIsNoText_IsCalledByItsName()
    {
        using var pipe = PipeOf([0xC3, 0x28, (byte)'\n']);
        var session = await Session.WithInputAsync("a\n", "bleu", "-r", PathOf(pipe));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains($"{PathOf(pipe)}, line 1: invalid UTF-8", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bleu_MissingReference_NamesTheFile()
    {
        var session = await Session.WithInputAsync("a\n", "bleu", "-r", _folder.At("nowhere"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains(_folder.At("nowhere"), session.Error, StringComparison.Ordinal);
    }

    /// <summary>A pipe with all that ever comes through it.</summary>
    private static AnonymousPipeServerStream PipeOf(byte[] bytes)
    {
        var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        using var writer = new AnonymousPipeClientStream(PipeDirection.Out, pipe.ClientSafePipeHandle);
        writer.Write(bytes);
        return pipe;
    }

    /// <summary>As the shell's &lt;(zcat file) hands it over.</summary>
    private static string PathOf(AnonymousPipeServerStream pipe) => $"/dev/fd/{pipe.SafePipeHandle.DangerousGetHandle()}";

    private static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return stream.ToArray();
    }
}
