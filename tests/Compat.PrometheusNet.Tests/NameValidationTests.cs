namespace Compat.PrometheusNet.Tests;

public class NameValidationTests
{
    private readonly TestRegistry _registry = new();

    [Theory]
    [InlineData("")]
    [InlineData("9lives")]
    [InlineData("with-hyphen")]
    [InlineData("with:colon")]
    [InlineData("with space")]
    public async Task Create_InvalidMetricName_ThrowsAndLeavesNoFamily(string name)
    {
        Assert.Throws<ArgumentException>(() => _registry.Factory.CreateGauge(name, "help"));
        Assert.Equal("", await _registry.TextAsync());
    }

    [Theory]
    [InlineData("1st")]
    [InlineData("a-b")]
    [InlineData("__reserved")]
    public void Create_InvalidLabelName_Throws(string label) =>
        Assert.Throws<ArgumentException>(() => _registry.Factory.CreateCounter("a_total", "help", label));

    [Fact]
    public void Create_DuplicateLabelNames_Throws() =>
        Assert.Throws<InvalidOperationException>(() => _registry.Factory.CreateCounter("a_total", "help", "x", "x"));

    [Fact]
    public void WithLabels_WrongNumberOfValues_Throws() =>
        Assert.Throws<ArgumentException>(() => _registry.Factory.CreateCounter("a_total", "help", "x", "y").WithLabels("1"));
}
