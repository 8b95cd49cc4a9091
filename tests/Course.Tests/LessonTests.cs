using System.Globalization;
using System.Text.RegularExpressions;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Course.Tests;

/// <summary>Every lesson runs as a reader runs it, and prints what its pages show.</summary>
public sealed partial class LessonTests
{
    private static readonly bool s_writes = Environment.GetEnvironmentVariable("CLUSTER_WRITE_DOCS") == "1";

    public static TheoryData<string> Names => [.. Lesson.Names];

    /// <summary>The lessons with exercises.</summary>
    public static TheoryData<string> Numbered => [.. Lesson.Names.Where(name => char.IsAsciiDigit(name[0]))];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Run_WithoutArguments_PrintsWhatThePagesShow(string name)
    {
        var printed = await Lesson.Named(name).ShowAsync();
        foreach (var page in Page.Languages.Select(language => Page.Of(name, language)))
        {
            if (s_writes)
            {
                page.WriteOutput(printed);
                continue;
            }
            var shown = Assert.Single(page.Blocks(Page.Part.Output, "text"));
            Assert.True(
                AreAlike(shown, printed),
                $"{page.FullPath} does not show what the lesson prints: "
                    + $"run this test with CLUSTER_WRITE_DOCS=1 to write it anew.\n{printed}"
            );
        }
    }

    [Fact]
    public async Task Libraries_OfALesson_AreThoseThatClusterBuilds() =>
        Assert.Equal(
            Repository.At("artifacts", "bin", "Modeling", "release", "TrainingCluster.Modeling.dll"),
            await Lesson.Named(Lesson.Names[0]).LibraryAsync("TrainingCluster.Modeling.dll")
        );

    [Theory]
    [MemberData(nameof(Names))]
    public void Excerpts_OfThePages_StandInTheLesson(string name)
    {
        var source = Lines(Lesson.Named(name).Source);
        foreach (var page in Page.Languages.Select(language => Page.Of(name, language)))
        {
            var excerpts = page.Blocks(Page.Part.Code, "csharp");
            Assert.NotEmpty(excerpts);
            foreach (var excerpt in excerpts)
            {
                Assert.True(
                    source.Contains(Lines(excerpt), StringComparison.Ordinal),
                    $"{page.FullPath} shows code that does not stand in the lesson:\n{excerpt}"
                );
            }
        }
    }

    [Theory]
    [MemberData(nameof(Numbered))]
    public async Task Check_OfBothExercises_KnowsRightFromWrong(string name)
    {
        var answers = Page.Of(name, "en").Answers;
        Assert.Equal(2, answers.Count);
        Assert.Equal(answers, Page.Of(name, "zh").Answers);
        var lesson = Lesson.Named(name);
        var right = await Task.WhenAll(answers.Select((answer, i) => lesson.CheckAsync($"{i + 1}", answer)));
        Assert.All(right, result => Assert.True(result.ExitCode == 0, result.All));
        Assert.All(right, result => Assert.StartsWith("right: ", result.Output, StringComparison.Ordinal));
        var wrong = await Task.WhenAll(answers.Select((_, i) => lesson.CheckAsync($"{i + 1}", "-12345")));
        Assert.All(wrong, result => Assert.Equal(1, result.ExitCode));
        Assert.All(wrong, result => Assert.Matches("hint: .{10,}", result.Output));
    }

    [Theory]
    [InlineData("0", "1", "no exercise '0'")]
    [InlineData("3", "1", "no exercise '3'")]
    [InlineData("1", "much", "'much' is no number")]
    public async Task Check_OfWhatIsNone_SaysHow(string exercise, string answer, string complaint)
    {
        var result = await Lesson.Named(Lesson.Names[0]).CheckAsync(exercise, answer);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(complaint, result.Error, StringComparison.Ordinal);
        Assert.Contains("check NUMBER ANSWER", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("weight 0.7", "weight 0.8", true)]
    [InlineData("[ 0.998, -0.10]", "[ 0.999, -0.11]", true)]
    [InlineData("weight 0.7", "weight 0.9", false)]
    [InlineData("weight 0.70", "weight 0.72", false)]
    [InlineData("weight 0.7", "weight 0.70", false)]
    [InlineData("after 144 steps", "after 145 steps", false)]
    [InlineData("writes fedcba", "writes fedcbb", false)]
    public void AreAlike_TextsOfTwoRuns_DifferInTheLastDecimalAtMost(string one, string other, bool alike) =>
        Assert.Equal(alike, AreAlike(one, other));

    // What a lesson learns differs a little between processors: each rounds its products in its own way.
    private static bool AreAlike(string shown, string printed)
    {
        var (left, right) = (Decimals().Matches(shown), Decimals().Matches(printed));
        return Decimals().Replace(shown, "#") == Decimals().Replace(printed, "#")
            && left.Zip(right)
                .All(pair =>
                    pair.First.Groups["places"].Length == pair.Second.Groups["places"].Length
                    && Math.Abs(LastPlaces(pair.First) - LastPlaces(pair.Second)) <= 1
                );
    }

    private static long LastPlaces(Match number) =>
        long.Parse(number.Value.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"-?\d+\.(?<places>\d+)")]
    private static partial Regex Decimals();

    // Wherever an excerpt is indented, it is the same code.
    private static string Lines(string text) => "\n" + string.Join('\n', text.Split('\n').Select(line => line.Trim()));
}
