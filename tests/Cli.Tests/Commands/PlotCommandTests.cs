using System.Xml.Linq;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class PlotCommandTests : IDisposable
{
    private const string Events = """
        running (2 workers are there)
        {"token":"1","eventTime":"2020-01-01T00:00:00Z","generation":{"generation":"1"}}
        {"token":"2","eventTime":"2020-01-01T00:01:00Z","evaluation":{"step":"100","bleu":12.5}}
        {"token":"3","eventTime":"2020-01-01T00:01:30Z","generation":{"generation":"2"}}
        {"token":"4","eventTime":"2020-01-01T00:02:00Z","evaluation":{"step":"200","bleu":25,"aFieldOfTomorrow":1}}
        {"id":"job-1","spec":{"name":"job"},"state":"JOB_STATE_SUCCEEDED","createTime":"2020-01-01T00:00:00Z"}
        """;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Plot_TwoRuns_DrawsBothAndSaysWhatTheyReached()
    {
        var run = _folder.Write("first.jsonl", Events);
        var session = await Session.RunAsync("plot", run, $"the <other>={run}", "--out", _folder.At("curve.svg"));
        Assert.Equal((0, ""), (session.ExitCode, session.Error));
        Assert.Equal(
            "first: 2 evaluations, BLEU 25.00 at best, 2 minutes\nthe <other>: 2 evaluations, BLEU 25.00 at best, 2 minutes\n",
            session.Out
        );
        var texts = XDocument
            .Load(_folder.At("curve.svg"))
            .Descendants()
            .Where(element => element.Name.LocalName == "text")
            .Select(element => element.Value)
            .ToList();
        Assert.Contains("the <other>", texts);
        Assert.Contains("Validation BLEU against minutes", texts);
    }

    [Theory]
    [InlineData("{\"time\":1}", "line 1: no event of a job")]
    [InlineData("running\n{half of", "line 2: no event of a job")]
    [InlineData("running\n", "no evaluation in it")]
    public async Task Plot_NoRun_NamesFileAndMend(string text, string message)
    {
        var run = _folder.Write("run.jsonl", text);
        var session = await Session.RunAsync("plot", run, "--out", _folder.At("curve.svg"));
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains($"{run}", session.Error, StringComparison.Ordinal);
        Assert.Contains(message, session.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.At("curve.svg")));
    }

    [Fact]
    public async Task Plot_MoreRunsThanColours_IsRefused()
    {
        var run = _folder.Write("run.jsonl", Events);
        var session = await Session.RunAsync(["plot", .. Enumerable.Repeat(run, 7), "--out", _folder.At("curve.svg")]);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Contains("7 runs: at most 6", session.Error, StringComparison.Ordinal);
    }
}
