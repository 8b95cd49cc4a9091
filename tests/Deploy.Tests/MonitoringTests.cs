using System.Text.Json;
using System.Text.RegularExpressions;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Deploy.Tests;

/// <summary>Rules and dashboards speak of metrics that the programs have.</summary>
public sealed partial class MonitoringTests
{
    [Theory]
    [InlineData("rules", "rules.yaml")]
    [InlineData("config", "prometheus.yml")]
    public async Task PrometheusFiles_Always_PassPromtool(string what, string file)
    {
        Tool.Require("promtool", "Debian's package prometheus");
        var result = await Tool.RunAsync("promtool", ["check", what, Repository.At("deploy", "prometheus", file)]);
        Assert.True(result.ExitCode == 0, result.All);
    }

    [Fact]
    public async Task Alerts_Always_FireAndStaySilentAsTheirCasesSay()
    {
        Tool.Require("promtool", "Debian's package prometheus");
        var result = await Tool.RunAsync("promtool", ["test", "rules", Repository.At("deploy", "prometheus", "rules.test.yaml")]);
        Assert.True(result.ExitCode == 0, result.All);

        var alerts = AlertName().Matches(await ReadAsync("deploy/prometheus/rules.yaml")).Select(match => match.Groups[1].Value).ToList();
        var cases = (await ReadAsync("deploy/prometheus/rules.test.yaml")).Split("\n  - name: ").Skip(1).ToList();
        Assert.NotEmpty(alerts);
        foreach (var alert in alerts)
        {
            var own = cases.Where(text => text.Contains($"ALERTS{{alertname=\"{alert}\"", StringComparison.Ordinal)).ToList();
            Assert.True(own.Any(Fires), $"no case has {alert} fire");
            Assert.True(own.Any(text => !Fires(text)), $"no case has {alert} stay silent");
        }
        static bool Fires(string text) => !text.Contains("exp_samples: []", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prometheus/rules.yaml")]
    [InlineData("grafana/dashboard.json")]
    public async Task MetricNames_Always_AreDocumentedOnes(string file)
    {
        var documented = Metric()
            .Matches(await ReadAsync("docs/metrics.md"))
            .Select(match => match.Value)
            .ToHashSet(StringComparer.Ordinal);
        var used = Metric().Matches(await ReadAsync($"deploy/{file}")).Select(match => match.Value).Distinct().ToList();
        Assert.NotEmpty(used);
        Assert.DoesNotContain(used, name => !documented.Contains(name) && !documented.Contains(SeriesSuffix().Replace(name, "")));
    }

    [Fact]
    public async Task Dashboard_Always_HasAnExpressionInEachPanelAndOverlapsNowhere()
    {
        using var dashboard = JsonDocument.Parse(await ReadAsync("deploy/grafana/dashboard.json"));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        var taken = new HashSet<(int, int)>();
        foreach (var panel in panels)
        {
            var place = panel.GetProperty("gridPos");
            var (left, top) = (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32());
            for (var x = left; x < left + place.GetProperty("w").GetInt32(); x++)
            {
                for (var y = top; y < top + place.GetProperty("h").GetInt32(); y++)
                {
                    Assert.True(taken.Add((x, y)), $"{panel.GetProperty("title")} overlaps at {x}, {y}");
                }
            }
            if (panel.GetProperty("type").GetString() != "row")
            {
                Assert.All(
                    panel.GetProperty("targets").EnumerateArray(),
                    target => Assert.NotEqual("", target.GetProperty("expr").GetString())
                );
            }
        }
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
    }

    private static Task<string> ReadAsync(string path) => File.ReadAllTextAsync(Repository.At(path), TestContext.Current.CancellationToken);

    // Names with a colon are recorded by the rules themselves.
    [GeneratedRegex(@"\b(training_cluster|process|dotnet)_[a-z_0-9]+")]
    private static partial Regex Metric();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex AlertName();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex SeriesSuffix();
}
