using TrainingCluster.Jobs;
using TrainingCluster.V1;
using TrainingCluster.Worker.Fingerprints;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Tests.Fingerprints;

public sealed class ArithmeticFingerprintTests
{
    [Fact]
    public void Compute_AgainAndAgain_IsTheSameWhereverItsTensorsLie()
    {
        var first = ArithmeticFingerprint.Compute(CPU);
        var random = new Random(5);
        using var scope = NewDisposeScope();
        for (var round = 0; round < 40; round++)
        {
            // Odd sizes that stay: what is allocated next lies elsewhere than last time.
            for (var i = 0; i < 7; i++)
            {
                _ = zeros(random.Next(1, 40_000));
            }
            Assert.Equal(first, ArithmeticFingerprint.Compute(CPU));
        }
        Assert.Matches("^[0-9a-f]{64}$", first.Fingerprint);
        Assert.Matches("^cpu .*libtorch [0-9]+[.][0-9]+[.][0-9]+, ", first.Description);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Compute_OtherThreadCount_IsTheSameAndLeavesTheCount(int threads)
    {
        var expected = ArithmeticFingerprint.Compute(CPU);
        var before = get_num_threads();
        set_num_threads(threads);
        try
        {
            Assert.Equal(expected, ArithmeticFingerprint.Compute(CPU));
            Assert.Equal(threads, get_num_threads());
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void Compute_InNoGradMode_IsTheSame()
    {
        var expected = ArithmeticFingerprint.Compute(CPU);
        using var noGradients = no_grad();
        Assert.Equal(expected, ArithmeticFingerprint.Compute(CPU));
    }

    [Fact]
    public void Compute_BetweenTwoDraws_LeavesTheProcessGenerator()
    {
        using var scope = NewDisposeScope();
        manual_seed(11);
        _ = rand(5);
        var expected = rand(5).data<float>().ToArray();
        manual_seed(11);
        _ = rand(5);
        ArithmeticFingerprint.Compute(CPU);
        Assert.Equal(expected, rand(5).data<float>().ToArray());
    }

    [Fact]
    public void ToText_Fingerprint_ShowsTwelveDigitsAndTheDescription()
    {
        var arithmetic = new Arithmetic { Fingerprint = new string('a', 12) + new string('b', 52), Description = "cpu avx2" };
        Assert.Equal("aaaaaaaaaaaa: cpu avx2", arithmetic.ToText());
        Assert.Equal("a1", new Arithmetic { Fingerprint = "a1" }.ShortFingerprint());
    }
}
