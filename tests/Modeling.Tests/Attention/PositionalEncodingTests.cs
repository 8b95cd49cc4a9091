using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Attention;

public class PositionalEncodingTests
{
    private const int Width = 16;

    [Fact]
    public void Sinusoidal_ShiftedByDelta_IsARotationOfEachPairByDeltaOmega() =>
        Prop.ForAll(
                Gen.Choose(0, 400).Two().ToArbitrary(),
                pair =>
                {
                    var (position, shift) = (pair.Item1, pair.Item2);
                    var table = SinusoidalEncoding.Table(801, Width);
                    for (var j = 0; j < Width / 2; j++)
                    {
                        var angle = shift * SinusoidalEncoding.Frequency(j, Width);
                        var (sine, cosine) = (table[position * Width + 2 * j], table[position * Width + 2 * j + 1]);
                        var turnedSine = sine * Math.Cos(angle) + cosine * Math.Sin(angle);
                        var turnedCosine = cosine * Math.Cos(angle) - sine * Math.Sin(angle);
                        if (
                            Math.Abs(table[(position + shift) * Width + 2 * j] - turnedSine) > 1e-6
                            || Math.Abs(table[(position + shift) * Width + 2 * j + 1] - turnedCosine) > 1e-6
                        )
                        {
                            return false;
                        }
                    }
                    return true;
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Rotary_QueryAndKeyMovedTogether_KeepTheirProduct() =>
        Prop.ForAll(
                Gen.Choose(0, 300).Three().ToArbitrary(),
                three =>
                {
                    using var scope = NewDisposeScope();
                    using var rotary = new RotaryEncoding(8);
                    manual_seed(three.Item3);
                    var (q, k) = (randn(1, 1, 1, 8), randn(1, 1, 1, 8));
                    var here = rotary.forward(q, three.Item1).mul(rotary.forward(k, three.Item2)).sum().item<float>();
                    var there = rotary
                        .forward(q, three.Item1 + three.Item3)
                        .mul(rotary.forward(k, three.Item2 + three.Item3))
                        .sum()
                        .item<float>();
                    return Math.Abs(here - there) < 1e-3;
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Sinusoidal_BeyondItsFirstTable_GrowsWithoutChangingWhatWas()
    {
        using var scope = NewDisposeScope();
        using var encoding = new SinusoidalEncoding(Width);
        var before = encoding.Positions(0, 5, CPU).data<float>().ToArray();
        Assert.Equal([700, Width], encoding.Positions(400, 700, CPU).shape);
        Assert.Equal(before, encoding.Positions(0, 5, CPU).data<float>().ToArray());
    }

    [Fact]
    public void Learned_SequenceLongerThanItsTable_ThrowsNamingBoth()
    {
        using var encoding = new LearnedEncoding(4, Width);
        var error = Assert.Throws<ArgumentException>(() => encoding.Positions(3, 2, CPU));
        Assert.Contains("4 tokens, not for 5", error.Message, StringComparison.Ordinal);
    }
}
