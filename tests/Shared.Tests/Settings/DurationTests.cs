using TrainingCluster.Settings;

namespace TrainingCluster.Tests.Settings;

public class DurationTests
{
    [Theory]
    [InlineData("250 ms", 250)]
    [InlineData("250ms", 250)]
    [InlineData(" 10 s ", 10_000)]
    [InlineData("1.5 min", 90_000)]
    [InlineData("2 h", 7_200_000)]
    [InlineData("0 s", 0)]
    public void TryParse_NumberAndUnit_GivesTheTime(string text, int milliseconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("s")]
    [InlineData("-1 s")]
    [InlineData("1 day")]
    [InlineData("00:00:10")]
    [InlineData("NaN s")]
    [InlineData("99999999999999999999 h")]
    public void TryParse_AnythingElse_IsRefused(string? text) => Assert.False(Duration.TryParse(text, out _));

    [Theory]
    [InlineData("0 s")]
    [InlineData("1 ms")]
    [InlineData("250 ms")]
    [InlineData("1500 ms")]
    [InlineData("10 s")]
    [InlineData("90 s")]
    [InlineData("10 min")]
    [InlineData("24 h")]
    public void Format_OfParse_IsTheSame(string text) => Assert.Equal(text, Duration.Format(Duration.Parse(text)));
}
