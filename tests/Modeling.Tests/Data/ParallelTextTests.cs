using System.IO.Compression;
using System.Text;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Tests.Data;

public sealed class ParallelTextTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_TwoFiles_PairsLines()
    {
        var text = Text("eins\nzwei", "one\ntwo\n");
        Assert.Equal([new SentencePair(1, "eins", "one"), new SentencePair(2, "zwei", "two")], text.Read());
    }

    [Fact]
    public void Read_ByteOrderMarkAndCrLf_AreTakenOff()
    {
        var text = Text("\uFEFFeins\r\nzwei\r\n", "one\r\ntwo");
        Assert.Equal([new SentencePair(1, "eins", "one"), new SentencePair(2, "zwei", "two")], text.Read());
    }

    [Fact]
    public void Read_OtherSeparatorsOfUnicode_DoNotEndALine()
    {
        var text = Text("a\u2028b\u0085c\vd\n", "one\n");
        Assert.Equal("a\u2028b\u0085c\vd", text.Read().Single().Source);
    }

    [Fact]
    public void Read_Gzip_IsToldByContent()
    {
        var text = new ParallelText(_folder.Write("s.txt", Gzip("eins\nzwei\n"u8.ToArray())), _folder.Write("t", "one\ntwo\n"));
        Assert.Equal(["eins", "zwei"], text.Read().Select(pair => pair.Source));
    }

    [Fact]
    public void Read_TabSeparated_SplitsAtTheTab()
    {
        var text = new ParallelText(_folder.Write("both.tsv", "eins\tone\n\nzwei\t two \n"), null);
        Assert.Equal([new SentencePair(1, "eins", "one"), new SentencePair(2, "", ""), new SentencePair(3, "zwei", "two")], text.Read());
    }

    [Theory]
    [InlineData("eins one\n", "line 1: 1 columns where 2 were expected")]
    [InlineData("eins\tone\nzwei\ttwo\tdos\n", "line 2: 3 columns where 2 were expected")]
    public void Read_TabSeparatedWithOtherColumns_NamesTheLine(string content, string expected) =>
        AssertFails(new ParallelText(_folder.Write("both.tsv", content), null), "both.tsv", expected);

    [Theory]
    [InlineData("1\n2\n3\n", "1\n2\n3\n4\n5\n", "source.txt has 3 lines", "target.txt has 5")]
    [InlineData("1\n2\n3\n4", "1\n2\n", "source.txt has 4 lines", "target.txt has 2")]
    public void Read_UnequalNumbersOfLines_NamesBoth(string source, string target, params string[] expected) =>
        AssertFails(Text(source, target), expected);

    [Fact]
    public void Read_MissingFile_NamesIt() =>
        AssertFails(new ParallelText(_folder.File("none.txt"), _folder.Write("t", "x")), "none.txt does not exist");

    [Fact]
    public void Read_Folder_SaysSo() => AssertFails(new ParallelText(_folder.Path, _folder.Write("t", "x")), _folder.Path + " is a folder");

    [Fact]
    public void Read_EmptyFile_SaysSo()
    {
        AssertFails(Text("", "one\n"), "source.txt is empty");
        // What `gzip < /dev/null` writes; GZipStream writes nothing for nothing.
        byte[] gzip = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        AssertFails(new ParallelText(_folder.Write("s.gz", gzip), _folder.Write("t", "x")), "s.gz is empty");
    }

    [Fact]
    public void Read_ZeroByte_NamesLineAndOffset() =>
        AssertFails(Text("eins\nzw\0ei\n", "one\ntwo\n"), "source.txt, line 2: a zero byte at offset 7", "binary");

    [Fact]
    public void Read_InvalidUtf8_NamesLineOffsetAndByte()
    {
        var text = new ParallelText(
            _folder.Write("latin1.txt", Encoding.Latin1.GetBytes("eins\nfünf\n")),
            _folder.Write("t", "one\nfive\n")
        );
        AssertFails(text, "latin1.txt, line 2: invalid UTF-8 at byte offset 6", "0xFC", "iconv");
    }

    [Fact]
    public void Read_InvalidUtf8AfterAByteOrderMark_CountsTheMark()
    {
        var text = new ParallelText(_folder.Write("s", [0xEF, 0xBB, 0xBF, (byte)'a', 0xFF]), _folder.Write("t", "one\n"));
        AssertFails(text, "line 1: invalid UTF-8 at byte offset 4");
    }

    [Fact]
    public void Read_Utf16_SaysSo() =>
        AssertFails(
            new ParallelText(_folder.Write("s", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("eins\n")]), _folder.Write("t", "one\n")),
            "is UTF-16",
            "iconv"
        );

    [Fact]
    public void Read_CutOffGzip_SaysSo()
    {
        var random = new DeterministicRandom(1);
        var lines = string.Concat(Enumerable.Range(0, 5000).Select(_ => random.NextUInt64() + "\n"));
        var text = new ParallelText(_folder.Write("s.gz", Gzip(Encoding.UTF8.GetBytes(lines))[..20_000]), _folder.Write("t", lines));
        AssertFails(text, "s.gz is a damaged or cut-off gzip file");
    }

    [Fact]
    public void Read_GzipOfSeveralMembers_ReadsThemAll()
    {
        var text = new ParallelText(
            _folder.Write("s.gz", [.. Gzip("eins\nzw"u8.ToArray()), .. Gzip("ei\ndrei\n"u8.ToArray())]),
            _folder.Write("t", "1\n2\n3\n")
        );
        Assert.Equal(["eins", "zwei", "drei"], text.Read().Select(pair => pair.Source));
    }

    [Fact]
    public void Read_GzipWithOtherBytesBehind_IgnoresThem()
    {
        foreach (var rest in new byte[][] { new byte[512], "signature"u8.ToArray() })
        {
            var text = new ParallelText(
                _folder.Write("s.gz", [.. Gzip("eins\nzwei\n"u8.ToArray()), .. rest]),
                _folder.Write("t", "one\ntwo\n")
            );
            Assert.Equal(["eins", "zwei"], text.Read().Select(pair => pair.Source));
        }
    }

    [Fact]
    public void Read_GzipOfSeveralMembersCutInTheSecond_SaysSo()
    {
        byte[] first = Gzip("eins\n"u8.ToArray());
        byte[] whole = [.. first, .. Gzip("zwei\ndrei\n"u8.ToArray())];
        for (var length = first.Length + 1; length < whole.Length; length++)
        {
            AssertFails(
                new ParallelText(_folder.Write("s.gz", whole[..length]), _folder.Write("t", "x\ny\nz\n")),
                "s.gz is a damaged or cut-off gzip file"
            );
        }
    }

    [Fact]
    public void Read_GzipWithAFlippedBit_SaysSo()
    {
        var bytes = Gzip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20).Select(i => $"line {i * i}\n"))));
        bytes[^6] ^= 1; // of the CRC
        AssertFails(new ParallelText(_folder.Write("s.gz", bytes), _folder.Write("t", "x")), "s.gz is a damaged or cut-off gzip file");
    }

    [Fact]
    public void Read_GzipCutAtAnyByte_SaysSo()
    {
        var whole = Gzip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20).Select(i => $"line {i * i}\n"))));
        for (var length = 2; length < whole.Length; length++)
        {
            AssertFails(
                new ParallelText(_folder.Write("s.gz", whole[..length]), _folder.Write("t", "x")),
                "s.gz is a damaged or cut-off gzip file"
            );
        }
    }

    [Fact]
    public void Read_LinesLongerThanTheBuffer_StayWhole()
    {
        var text = Text(new string('ü', 100_000) + "\nb\n", "one\n" + new string('c', 200_000));
        Assert.Equal([(100_000, 3), (1, 200_000)], text.Read().Select(pair => (pair.Source.Length, pair.Target.Length)));
    }

    private ParallelText Text(string source, string target) =>
        new(_folder.Write("source.txt", source), _folder.Write("target.txt", target));

    private static void AssertFails(ParallelText text, params string[] parts)
    {
        var exception = Assert.Throws<DatasetException>(() => text.Read().Count());
        Assert.All(parts, part => Assert.Contains(part, exception.Message));
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
}
