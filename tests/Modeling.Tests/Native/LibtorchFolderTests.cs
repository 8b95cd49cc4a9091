using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class LibtorchFolderTests : IDisposable
{
    private readonly MadeUpLibtorch _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Given_AFolderOfPyTorch_ListsItsLibrariesInTheOrderOfTheirNeeds()
    {
        _files
            .Library("libtorch.so")
            .Library("libtorch_cuda.so")
            .Library("libtorch_cpu.so")
            .Library("libc10.so")
            .Library("libother.so")
            .Text(
                "torch/version.py",
                "from typing import Optional\n__all__ = ['__version__']\n__version__ = '2.10.0+cu128'\ndebug = False\n"
            );
        var folder = LibtorchFolder.Given(_files.Lib + "/", "--libtorch");
        Assert.Equal(_files.Lib, folder.Path);
        Assert.Equal("2.10.0+cu128", folder.Version);
        Assert.True(folder.HasCuda);
        Assert.Equal(["libc10.so", "libtorch_cpu.so", "libtorch_cuda.so", "libtorch.so"], folder.Libraries.Select(Path.GetFileName));
    }

    [Fact]
    public void Given_AnArchiveWithoutPython_ReadsItsVersionFile()
    {
        _files.Library("libtorch_cpu.so").Text("torch/build-version", "2.10.1+cpu\n");
        Assert.Equal("2.10.1+cpu", LibtorchFolder.Given(_files.Lib, "--libtorch").Version);
    }

    [Fact]
    public void Given_NothingThatTellsTheVersion_LeavesItToTheLibrary() =>
        Assert.Null(LibtorchFolder.Given(_files.Library("libtorch_cpu.so").Lib, "--libtorch").Version);

    [Fact]
    public void Given_NoSuchFolder_NamesItAndWhatHelps() =>
        Refused("/no/such/folder", "--libtorch /no/such/folder: there is no such folder; give the torch/lib");

    [Fact]
    public void Given_AnEmptyFolder_NamesTheMissingLibrary() =>
        Refused(_files.Lib, $"--libtorch {_files.Lib}: no libtorch_cpu.so in it; give the torch/lib");

    [Fact]
    public void Given_TheFolderAbove_NamesTheRightOne()
    {
        _files.Library("libtorch_cpu.so");
        Refused(_files.Torch, $"did you mean {_files.Lib}?");
    }

    [Fact]
    public void Given_ATextFile_SaysThatItIsNoLibrary()
    {
        _files.Text("torch/lib/libtorch_cpu.so", "a pointer to a large file that was never fetched");
        Refused(_files.Lib, $"--libtorch {_files.Lib}: libtorch_cpu.so is no library (it has no ELF header); give");
    }

    [Fact]
    public void Given_AnEmptyFile_SaysSo()
    {
        _files.Text("torch/lib/libtorch_cpu.so", "");
        Refused(_files.Lib, "libtorch_cpu.so is empty");
    }

    [Fact]
    public void Given_ALibraryThatWasNotCopiedWhole_TellsHowMuchThereIs()
    {
        _files.Library("libtorch_cpu.so", sections: 3);
        Refused(_files.Lib, "libtorch_cpu.so is cut short: 64 of 256 bytes; give");
    }

    [Theory]
    [InlineData(183, 2, "aarch64")]
    [InlineData(3, 1, "32-bit x86")]
    [InlineData(99, 2, "ELF machine 99")]
    public void Given_AnotherPlatform_NamesBoth(byte machine, byte bits, string expected)
    {
        _files.Library("libc10.so").Library("libtorch_cpu.so", machine, bits);
        Refused(
            _files.Lib,
            "libtorch_cpu.so is built for "
                + $"{(expected.StartsWith("ELF", StringComparison.Ordinal) ? $"another processor ({expected})" : expected)}, this "
                + "program for x86-64"
        );
    }

    [Theory]
    [InlineData("2.9.1+cpu")]
    [InlineData("2.11.0")]
    [InlineData("2.1.0")]
    [InlineData("1.13.0a0")]
    public void Given_AnotherVersion_NamesBoth(string version)
    {
        _files.Library("libtorch_cpu.so").Text("torch/version.py", $"__version__ = '{version}'\n");
        Refused(
            _files.Lib,
            $"--libtorch {_files.Lib} is libtorch {version}, but TorchSharp is built against 2.10 and fits no other: install PyTorch 2.10"
        );
    }

    [Fact]
    public void Given_ADistributionsFolder_KnowsTheVersionFromTheFilesName()
    {
        _files.Library("libtorch_cpu.so.1.13");
        Refused(_files.Lib, "is libtorch 1.13, but");
    }

    [Fact]
    public void Given_AVariable_NamesIt() =>
        Assert.StartsWith(
            "CLUSTER_LIBTORCH /no: there",
            Assert.Throws<LibtorchException>(() => LibtorchFolder.Given("/no", Libtorch.Variable)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void BesideProgram_NoLibraries_NamesBothWaysOut()
    {
        var error = Assert.Throws<LibtorchException>(() => LibtorchFolder.BesideProgram(_files.Lib));
        Assert.StartsWith(
            $"{_files.Lib}: no libtorch_cpu.so beside the program; build anew with './cluster build', or give",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.EndsWith("with --libtorch DIR or CLUSTER_LIBTORCH", error.Message, StringComparison.Ordinal);
    }

    private static void Refused(string folder, string expected)
    {
        var error = Assert.Throws<LibtorchException>(() => LibtorchFolder.Given(folder, "--libtorch"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
