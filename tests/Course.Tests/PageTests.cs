using System.Text.RegularExpressions;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Course.Tests;

/// <summary>Pages have the same parts in both languages, and what they name exists.</summary>
public sealed partial class PageTests
{
    private static readonly Lazy<IReadOnlyList<string>> s_tests = new(() => Sources("tests"));
    private static readonly Lazy<IReadOnlyList<string>> s_library = new(() => Sources("src"));

    public static TheoryData<string> Lessons => [.. Lesson.Names.Where(name => char.IsAsciiDigit(name[0]))];

    public static TheoryData<string> Paths => [.. Page.Paths()];

    [Theory]
    [MemberData(nameof(Lessons))]
    public void Parts_OfALesson_AreAllThereInTheirOrder(string name)
    {
        foreach (var page in Page.Languages.Select(language => Page.Of(name, language)))
        {
            Assert.Equal(Enum.GetValues<Page.Part>(), page.Parts);
        }
    }

    [Fact]
    public void Pages_InEnglish_AreThereInTheOtherLanguages()
    {
        var names = Page.Paths().Where(path => !path.Contains("/zh/", StringComparison.Ordinal)).Select(Path.GetFileNameWithoutExtension);
        Assert.DoesNotContain(names, name => !File.Exists(Page.PathOf(name!, "zh")));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Links_AndImages_OfAPage_Exist(string path)
    {
        var text = File.ReadAllText(Repository.At(path));
        var folder = Path.GetDirectoryName(Repository.At(path))!;
        var targets = Link()
            .Matches(text)
            .Select(match => match.Groups[1].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal));
        Assert.NotEmpty(targets);
        Assert.DoesNotContain(
            targets,
            target =>
            {
                var file = Path.GetFullPath(Path.Combine(folder, target.Split('#')[0]));
                return !File.Exists(file) && !Directory.Exists(file);
            }
        );
    }

    /// <summary>Names in code type under "Where in the code": a test by class and method, a type, or a type and its member.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public void Names_OfClassesAndTests_Exist(string path)
    {
        var text = File.ReadAllText(Repository.At(path));
        var whole = Path.GetFileNameWithoutExtension(path) == "proof";
        var language = path.Contains("/zh/", StringComparison.Ordinal) ? "zh" : "en";
        var part = whole ? text : Page.Of(Path.GetFileNameWithoutExtension(path), language).Section(Page.Part.Proof);
        var names = Name().Matches(part).Select(match => match.Groups[1].Value).ToList();
        Assert.True(part.Length == 0 || names.Exists(IsTest), "no test is named");
        Assert.DoesNotContain(names, name => !Exists(name));
    }

    private static bool IsTest(string name) => name.Split('.')[0].EndsWith("Tests", StringComparison.Ordinal);

    private static bool Exists(string name)
    {
        var parts = name.Split('.');
        return (IsTest(name) ? s_tests : s_library).Value.Any(source =>
            Regex.IsMatch(source, $@"\b(class|record|enum|struct|interface) {parts[0]}\b")
            && (parts.Length == 1 || Regex.IsMatch(source, $@"\b{parts[1]}\b"))
        );
    }

    private static string[] Sources(string folder) =>
        [.. Directory.EnumerateFiles(Repository.At(folder), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText)];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([A-Z]\w+(?:\.\w+)?)`")]
    private static partial Regex Name();
}
