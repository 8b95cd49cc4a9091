using System.IO.Pipelines;
using System.Text;

namespace TrainingCluster.Cli.Tests;

public sealed class InputLinesTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("a", new[] { "a" })]
    [InlineData("a\n", new[] { "a" })]
    [InlineData("a\n\nb", new[] { "a", "", "b" })]
    [InlineData("a\r\nb\rc\n", new[] { "a", "b\rc" })]
    [InlineData("\uFEFFa\n\uFEFFb\n", new[] { "a", "\uFEFFb" })]
    [InlineData("a\u2028b\n", new[] { "a\u2028b" })]
    public async Task Read_Text_SplitsAtNewlinesAlone(string text, string[] expected) =>
        Assert.Equal(expected, await ReadAsync(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public async Task Read_LongLines_AreWhole()
    {
        string[] lines = [new('ä', 100_000), "", new('x', 70_000)];
        Assert.Equal(lines, await ReadAsync(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n")));
    }

    [Fact]
    public async Task Read_NotUtf8_NamesTheLine()
    {
        var error = await Assert.ThrowsAsync<CliException>(() => ReadAsync([(byte)'a', (byte)'\n', 0xff, (byte)'\n']));
        Assert.Equal(ExitCodes.BadUsage, error.ExitCode);
        Assert.Contains("line 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_LineWithoutEnd_IsRefused()
    {
        var error = await Assert.ThrowsAsync<CliException>(() => ReadAsync(new byte[InputLines.LongestLineBytes + 1]));
        Assert.Contains("line 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_InputStillOpen_GivesLinesAsTheyCome()
    {
        var pipe = new Pipe();
        await using var lines = InputLines
            .ReadAsync(pipe.Reader.AsStream(), TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        await pipe.Writer.WriteAsync("first\nsec"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.True(await lines.MoveNextAsync());
        Assert.Equal("first", lines.Current);
        await pipe.Writer.WriteAsync("ond\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.True(await lines.MoveNextAsync());
        Assert.Equal("second", lines.Current);
        await pipe.Writer.CompleteAsync();
        Assert.False(await lines.MoveNextAsync());
    }

    private static async Task<List<string>> ReadAsync(byte[] bytes)
    {
        var lines = new List<string>();
        await foreach (var line in InputLines.ReadAsync(new MemoryStream(bytes), TestContext.Current.CancellationToken))
        {
            lines.Add(line);
        }
        return lines;
    }
}
