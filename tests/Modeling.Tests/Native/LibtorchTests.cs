using TorchSharp;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class LibtorchTests
{
    [Fact]
    public void Load_BesideTheProgram_IsTheOneThatTorchSharpIsBuiltAgainst()
    {
        Libtorch.Load(null);
        Libtorch.Load(null);
        Assert.Equal(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory), Libtorch.LoadedFrom);
        Assert.StartsWith(LibtorchVersion.Required + ".", Libtorch.Build!.Version, StringComparison.Ordinal);
        Assert.StartsWith(LibtorchVersion.Required + ".", torch.__version__, StringComparison.Ordinal);
        Assert.Equal(4, torch.ones(4).sum().item<float>());
    }

    [Fact]
    public void Load_AnotherFolderAfterwards_IsRefused()
    {
        Libtorch.Load(null);
        using var files = new MadeUpLibtorch();
        files.Library("libtorch_cpu.so");
        var error = Assert.Throws<LibtorchException>(() => Libtorch.Load(files.Lib));
        Assert.Contains("has loaded libtorch from", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ByTwoWays_IsOneLibrary()
    {
        Libtorch.Load(null);
        _ = torch.ones(1);
        var copies = File.ReadLines("/proc/self/maps")
            .Where(line => line.Contains("torch_cpu", StringComparison.Ordinal))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1])
            .Distinct()
            .ToList();
        Assert.Single(copies, path => path.EndsWith("/libtorch_cpu.so", StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_ConfigurationOfACudaBuild_TellsItsParts()
    {
        var build = LibtorchBuild.Parse(
            """
            PyTorch built with:
              - GCC 13.3
              - C++ Version: 201703
              - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for Intel(R) 64 architecture applications
              - Intel(R) MKL-DNN v3.7.1 (Git Hash 8d263e693366ef8db40acc569cc7d8edf644556d)
              - CPU capability usage: AVX512
              - CUDA Runtime 12.8
              - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release, TORCH_VERSION=2.10.0, USE_CUDA=1,
            """
        );
        Assert.Equal(new LibtorchBuild("2.10.0", "MKL 2024.2", "3.7.1", "AVX512", "GCC 13.3", "12.8"), build);
    }

    [Fact]
    public void Parse_ConfigurationWithoutMkl_NamesTheOtherBlas() =>
        Assert.Equal(
            new LibtorchBuild("2.10.0", "open", "", "DEFAULT", "clang 17.0.6", ""),
            LibtorchBuild.Parse(
                "PyTorch built with:\n  - clang 17.0.6\n  - CPU capability usage: DEFAULT\n  - Build settings: BLAS_INFO=open, "
                    + "TORCH_VERSION=2.10.0, \n"
            )
        );
}
