using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class LoadFailureTests
{
    private const string Library = "/app/libLibTorchSharp.so";

    [Theory]
    [InlineData(
        "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /app/libLibTorchSharp.so)",
        "it needs glibc 2.34, and this system has 2.31; use Debian 12"
    )]
    [InlineData(
        "/usr/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)",
        "it needs GLIBCXX_3.4.32 of libstdc++, and this system's is older; build anew"
    )]
    [InlineData(
        "libgomp.so.1: cannot open shared object file: No such file or directory",
        "it needs libgomp.so.1, which is not there; install the OpenMP runtime"
    )]
    [InlineData("libstdc++.so.6: cannot open shared object file: No such file or directory", "install the C++ runtime")]
    [InlineData("libcuda.so.1: cannot open shared object file: No such file or directory", "install NVIDIA's driver")]
    [InlineData("libcublasLt.so.12: cannot open shared object file: No such file or directory", "install PyTorch with all that it needs")]
    [InlineData(
        "libodd.so.3: cannot open shared object file: No such file or directory",
        "it needs libodd.so.3, which is not there; install the package"
    )]
    [InlineData(
        "/app/libLibTorchSharp.so: undefined symbol: _ZN2at4_ops3fooE",
        "libtorch lacks _ZN2at4_ops3fooE, so it is not the 2.10 (with the C++11 ABI) that TorchSharp is built against"
    )]
    [InlineData("libtorch_cpu.so: failed to map segment from shared object", "no memory to map it")]
    [InlineData("libtorch_cpu.so: failed to map segment from shared object: Cannot allocate memory", "ulimit -v unlimited")]
    [InlineData(
        "/app/libLibTorchSharp.so: invalid ELF header",
        "it is damaged or not whole (/app/libLibTorchSharp.so: invalid ELF header); install it anew"
    )]
    [InlineData("/app/libLibTorchSharp.so: file too short", "damaged")]
    [InlineData("something\nnew", "cannot be loaded: something new")]
    public void Explain_ComplaintOfTheLinker_TellsWhatHelps(string complaint, string expected)
    {
        var line = LoadFailure.Explain(Library, complaint, "2.31");
        Assert.StartsWith($"{Library} cannot be loaded: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }
}
