namespace TrainingCluster.Chaos.Tests;

public sealed class MetricsTextTests
{
    private const string Metrics =
        "# HELP steps_total Steps.\n# TYPE steps_total counter\nsteps_total 17\nsteps_totally "
        + "4\nrefused_total{kind=\"call\",port=\"1\"} 2\nrefused_total{kind=\"call\",port=\"2\"} 3e3\nrefused_total{kind=\"peer\"} 1\n";

    [Theory]
    [InlineData("steps_total ", 17L)]
    [InlineData("refused_total{kind=\"call\"", 3002L)]
    [InlineData("refused_total", 3003L)]
    [InlineData("skipped_total ", null)]
    public void Sum_Prefix_AddsItsLines(string prefix, long? sum) => Assert.Equal(sum, MetricsText.Sum(Metrics, prefix));
}
