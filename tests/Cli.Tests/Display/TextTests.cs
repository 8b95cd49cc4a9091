using TrainingCluster.Cli.Display;

namespace TrainingCluster.Cli.Tests.Display;

public sealed class TextTests
{
    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(9.94, "9.9 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(99.4, "99 s")]
    [InlineData(99.6, "1 min 39 s")]
    [InlineData(3599, "59 min 59 s")]
    [InlineData(3600, "1 h 00 min")]
    [InlineData(100 * 3600 + 60, "100 h 01 min")]
    public void Of_Duration_IsShort(double seconds, string expected) => Assert.Equal(expected, Text.Of(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1.0 kB")]
    [InlineData(12_345, "12 kB")]
    [InlineData(999_600, "1.0 MB")]
    [InlineData(27_000_000, "27 MB")]
    [InlineData(3_400_000_000_000_000, "3400 TB")]
    public void Bytes_Count_HasAUnit(long bytes, string expected) => Assert.Equal(expected, Text.Bytes(bytes));
}
