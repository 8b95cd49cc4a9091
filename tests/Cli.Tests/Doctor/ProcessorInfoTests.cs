using TrainingCluster.Cli.Doctor;

namespace TrainingCluster.Cli.Tests.Doctor;

public sealed class ProcessorInfoTests
{
    [Fact]
    public void Parse_CpuInfo_TakesTheFirstProcessor()
    {
        var info = ProcessorInfo.Parse(
            "processor\t: 0\nmodel name\t: Good CPU @ 3 GHz\nflags\t\t: fpu sse2 avx2 fma avx512f avx512_bf16\n\nprocessor\t: "
                + "1\nmodel name\t: Other\nflags\t\t: fpu\n"
        );
        Assert.Equal("Good CPU @ 3 GHz", info.Model);
        Assert.Equal(["AVX2", "FMA", "AVX-512", "AVX512_BF16"], info.Vectors);
    }

    [Fact]
    public void Parse_Nothing_IsEmpty()
    {
        var info = ProcessorInfo.Parse("");
        Assert.Equal("", info.Model);
        Assert.Empty(info.Vectors);
    }

    [Fact]
    public void MemoryBytes_OfMemInfo_IsInBytes()
    {
        const string text = "MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:   20000000 kB\n";
        Assert.Equal(20_480_000_000, ProcessorInfo.MemoryBytes(text, "MemAvailable"));
        Assert.Null(ProcessorInfo.MemoryBytes(text, "SwapTotal"));
    }
}
