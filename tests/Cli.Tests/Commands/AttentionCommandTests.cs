using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TrainingCluster.Cli.Demo;
using TrainingCluster.Cli.Figures;
using TrainingCluster.Cli.Tests.Figures;
using TrainingCluster.Modeling.Data;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Cli.Tests.Commands;

public sealed class AttentionCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Attention_Sentence_MakesAPageOfTheModelThatComesWithTheProgram()
    {
        var session = await Session.RunAsync("attention", "3. Mai 2021", "--html", _folder.At("new/page.html"));
        Assert.Equal(("", 0), (session.Error, session.ExitCode));
        Assert.StartsWith("2021-05-03\n", session.Out, StringComparison.Ordinal);
        var data = await DataAsync("new/page.html");
        Assert.Equal(2 * 4 * 3, data["maps"]!.AsArray().Count);
        Assert.Equal("2021-05-03", (string?)data["translation"]);
        Assert.Equal("dates: Transformer, 2 + 2 layers of 4 heads, width 64, 193,280 parameters", (string?)data["model"]!["facts"]);
        Assert.Empty(data["notes"]!.AsArray());
    }

    [Theory]
    [InlineData("dates", 0.99)]
    [InlineData("dates-recurrent", 0.99)]
    public void ExampleModel_DatesThatItHasNotSeen_AreExact(string model, double rate)
    {
        var exam = DateExam.Take(
            Path.Combine(Repository.At("examples/attention/models"), model),
            DatesTask.Split(seed: 1).HeldOut,
            TestContext.Current.CancellationToken
        );
        Assert.True(exam.Rate >= rate, string.Create(CultureInfo.InvariantCulture, $"{exam.Exact} of {exam.Pairs.Count}"));
    }

    [Fact]
    public async Task Attention_LayerAndHead_AreShownFirst()
    {
        var session = await RunAsync("3. Mai 2021", "--layer", "1", "--head", "3");
        Assert.Equal(0, session.ExitCode);
        var data = await DataAsync("page.html");
        Assert.Equal((1, 3), ((int?)data["layer"], (int?)data["head"]));
    }

    [Theory]
    [InlineData("--layer", "9", "--layer 9: the model's last layer is 2")]
    [InlineData("--head", "9", "--head 9: the model's last head is 4")]
    [InlineData("--layer", "0", "--layer 0: must be at least 1")]
    [InlineData("--model", "/nowhere", "There is no folder /nowhere")]
    [InlineData("--html", "/dev/null/page.html", "--html /dev/null")]
    [InlineData("--html", "/", "--html / is a folder; name a file")]
    [InlineData("--out", "x", "SENTENCE and --out: give one of the two")]
    public async Task Attention_OptionThatCannotBe_IsRefused(string option, string value, string error)
    {
        var session = await Session.RunAsync(["attention", "3. Mai 2021", option, value]);
        Assert.Contains(error, session.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.Equal("", session.Out);
    }

    [Theory]
    [InlineData("SENTENCE is missing: give one, such as '3. Mai 2021', or --out DIR")]
    [InlineData("SENTENCE is empty", "")]
    [InlineData("SENTENCE is empty", " \t")]
    public async Task Attention_NoSentence_SaysWhatToGive(string error, params string[] args)
    {
        var session = await Session.RunAsync(["attention", .. args, "--html", _folder.At("page.html")]);
        Assert.Contains(error, session.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
        Assert.False(File.Exists(_folder.At("page.html")));
    }

    [Fact]
    public async Task Attention_PicturesWithAnOptionOfThePage_IsRefused()
    {
        var session = await Session.RunAsync("attention", "--out", _folder.At("pictures"), "--layer", "1");
        Assert.Contains("--layer needs SENTENCE, and --out takes none", session.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.BadUsage, session.ExitCode);
    }

    [Fact]
    public async Task Attention_SentenceLongerThanTheModelWasTrainedOn_SaysSoAndMakesThePage()
    {
        // Each "7" is a token of its own.
        var session = await RunAsync(string.Concat(Enumerable.Repeat("7", 419)));
        Assert.Equal(0, session.ExitCode);
        Assert.Contains("tokens, and the model was trained on sentences of at most 64", session.Error, StringComparison.Ordinal);
        var data = await DataAsync("page.html");
        Assert.InRange(data["sourceTokens"]!.AsArray().Count, 419, 421);
        Assert.Contains("at most 64", (string?)data["notes"]![0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attention_SentenceLongerThanTheSearchTakes_SaysThatItIsCut()
    {
        var session = await RunAsync(string.Concat(Enumerable.Repeat("7", 2000)));
        Assert.Equal(0, session.ExitCode);
        Assert.Contains("what comes after the first 1023 is left out", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attention_CharactersThatTheModelHasNeverSeen_AreShownAsBytes()
    {
        var session = await RunAsync("🙂 3. Mai <b>2021</b>\n");
        Assert.Equal(0, session.ExitCode);
        var data = await DataAsync("page.html");
        var tokens = data["sourceTokens"]!.AsArray().Select(token => (string?)token).ToList();
        Assert.Contains("F0", tokens);
        Assert.Contains("␊", tokens);
    }

    [Fact]
    public async Task Attention_ToAFolder_DrawsTheCoursesPictures() =>
        Assert.Equal(
            CourseFigures.All().Select(figure => figure.FileName).Order(StringComparer.Ordinal),
            (await DrawnCourse.PicturesAsync()).Keys.Order(StringComparer.Ordinal)
        );

    private Task<Session> RunAsync(params string[] args) => Session.RunAsync(["attention", .. args, "--html", _folder.At("page.html")]);

    private async Task<JsonNode> DataAsync(string page)
    {
        var html = await File.ReadAllTextAsync(_folder.At(page), TestContext.Current.CancellationToken);
        return JsonNode.Parse(Regex.Match(html, "<script id=\"data\" type=\"application/json\">(.*?)</script>").Groups[1].Value)!;
    }
}
