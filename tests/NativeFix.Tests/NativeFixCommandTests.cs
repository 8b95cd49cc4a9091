namespace TrainingCluster.NativeFix.Tests;

public sealed class NativeFixCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("native-fix-").FullName;
    private readonly StringWriter _output = new();

    private string Source => Path.Combine(_folder, "package", "libX.so");
    private string Target => Path.Combine(_folder, "native", "libX.so");

    public void Dispose()
    {
        _output.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Run_OldSystem_WritesCopyAndMarkAndSaysSo()
    {
        WriteSource(new MadeUpElf().Bytes);

        Assert.Equal(0, Run(systemHasVersion: false));

        Assert.Equal(new MadeUpElf().Bytes, File.ReadAllBytes(Source));
        Assert.Equal(2, File.ReadAllBytes(Target)[MadeUpElf.FlagsAt(library: 1, version: 1)]);
        Assert.True(File.Exists(Target + ".needed"));
        var line = Assert.Single(Lines());
        Assert.StartsWith("NativeFix: libX.so: this system's libstdc++.so.6 lacks GLIBCXX_3.4.32", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NewSystem_WritesCopyForPublishWithoutAWord()
    {
        WriteSource(new MadeUpElf().Bytes);
        Run(systemHasVersion: false);
        _output.GetStringBuilder().Clear();

        Assert.Equal(0, Run(systemHasVersion: true));

        Assert.Equal(2, File.ReadAllBytes(Target)[MadeUpElf.FlagsAt(library: 1, version: 1)]);
        Assert.False(File.Exists(Target + ".needed"));
        Assert.Empty(Lines());
    }

    [Fact]
    public async Task Run_ManyAtOnce_LeaveOneWholeFile()
    {
        WriteSource(new MadeUpElf().Bytes);
        var runs = Enumerable.Range(0, 8).Select(_ => Task.Run(() => NativeFixCommand.Run([Source, Target], TextWriter.Null, () => false)));

        Assert.All(await Task.WhenAll(runs), code => Assert.Equal(0, code));
        Assert.Equal(["libX.so", "libX.so.needed"], Directory.GetFiles(Path.GetDirectoryName(Target)!).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Run_NoElfFile_SaysWhichAndLeavesNothing()
    {
        WriteSource("<html>"u8.ToArray());

        Assert.Equal(2, Run(systemHasVersion: false));

        Assert.Equal($"NativeFix : error : {Source}: not a 64-bit little-endian ELF file", Assert.Single(Lines()));
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void Run_NoSuchFile_SaysWhich()
    {
        Assert.Equal(2, Run(systemHasVersion: false));
        Assert.Contains(Source, Assert.Single(Lines()), StringComparison.Ordinal);
    }

    [Fact]
    public void Exports_LibraryOfTheSystem_TellsItsSymbolsFromOthers()
    {
        Assert.True(SystemLibrary.Exports("libc.so.6", "malloc"));
        Assert.False(SystemLibrary.Exports("libc.so.6", "no_such_symbol"));
        Assert.False(SystemLibrary.Exports("libno-such.so.6", "malloc"));
    }

    private int Run(bool systemHasVersion) => NativeFixCommand.Run([Source, Target], _output, () => systemHasVersion);

    private string[] Lines() => _output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);

    private void WriteSource(byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Source)!);
        File.WriteAllBytes(Source, content);
    }
}
