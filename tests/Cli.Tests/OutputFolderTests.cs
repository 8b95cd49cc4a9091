namespace TrainingCluster.Cli.Tests;

public sealed class OutputFolderTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void RequireModel_FolderThatCannotBeWritten_IsRefused()
    {
        // Not even root makes folders there.
        foreach (var path in (string[])["/proc/model", "/proc/some/model"])
        {
            Assert.Contains($"--out {path} cannot be written", Refused(path), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void RequireModel_FileOnTheWay_IsNamed()
    {
        var file = _folder.Write("file", "");
        Assert.Contains($"{file} is a file", Refused(file), StringComparison.Ordinal);
        Assert.Contains($"{file} is a file", Refused(Path.Combine(file, "model")), StringComparison.Ordinal);
    }

    [Fact]
    public void RequireModel_LinkToNothing_IsNamed()
    {
        File.CreateSymbolicLink(_folder.At("link"), _folder.At("none"));
        Assert.Contains("is a link to", Refused(_folder.At("link")), StringComparison.Ordinal);
    }

    [Fact]
    public void RequireModel_WhatANewDiskOrACrashLeft_IsInNobodysWay()
    {
        Directory.CreateDirectory(_folder.At("disk/lost+found"));
        Directory.CreateDirectory(_folder.At("disk/.incoming-1"));
        OutputFolder.RequireModel(_folder.At("disk"), replace: false);
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.At("disk")).Length);
    }

    [Fact]
    public void RequireModel_NewFolder_IsNotMadeYet()
    {
        OutputFolder.RequireModel(_folder.At("a/b/model"), replace: false);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private static string Refused(string path)
    {
        var error = Assert.Throws<CliException>(() => OutputFolder.RequireModel(path, replace: true));
        Assert.Equal(ExitCodes.BadUsage, error.ExitCode);
        return error.Message;
    }
}
