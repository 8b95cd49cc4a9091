using System.Text.RegularExpressions;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Course.Tests;

/// <summary>A page of the course in one language.</summary>
internal sealed partial class Page
{
    /// <summary>Languages and the headings of the parts that are checked.</summary>
    private static readonly Dictionary<string, Dictionary<Part, string>> s_headings = new(StringComparer.Ordinal)
    {
        ["en"] = new()
        {
            [Part.Equation] = "Equation",
            [Part.Code] = "In C#",
            [Part.Output] = "What it prints",
            [Part.Picture] = "Picture",
            [Part.Seen] = "What you should see",
            [Part.Exercises] = "Exercises",
            [Part.Proof] = "Where in the code",
        },
        ["zh"] = new()
        {
            [Part.Equation] = "公式",
            [Part.Code] = "用 C# 写",
            [Part.Output] = "输出",
            [Part.Picture] = "图",
            [Part.Seen] = "你应该看到什么",
            [Part.Exercises] = "练习",
            [Part.Proof] = "在代码的哪里",
        },
    };

    private readonly string _language;

    private Page(string language, string path)
    {
        (_language, FullPath) = (language, path);
        Text = File.ReadAllText(path);
    }

    /// <summary>Parts of a lesson's page, in their order.</summary>
    public enum Part
    {
        Equation,
        Code,
        Output,
        Picture,
        Seen,
        Exercises,
        Proof,
    }

    /// <summary>Every language that the course has.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["en", "zh"];

    /// <summary>Its file.</summary>
    public string FullPath { get; }

    /// <summary>The whole of it.</summary>
    public string Text { get; private set; }

    /// <summary>The headings of the second level that stand in it, as parts.</summary>
    public IEnumerable<Part> Parts =>
        Heading()
            .Matches(Text)
            .Select(match => s_headings[_language].FirstOrDefault(heading => heading.Value == match.Groups[1].Value))
            .Where(heading => heading.Value is not null)
            .Select(heading => heading.Key);

    /// <summary>The page of a lesson, or another one of the folder.</summary>
    public static Page Of(string name, string language) => new(language, PathOf(name, language));

    /// <summary>Every page in every language, by its path from the repository.</summary>
    public static IEnumerable<string> Paths() =>
        Directory
            .EnumerateFiles(Repository.At("docs", "attention"), "*.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path))
            .Order(StringComparer.Ordinal);

    public static string PathOf(string name, string language) =>
        language == "en" ? Repository.At("docs", "attention", $"{name}.md") : Repository.At("docs", "attention", language, $"{name}.md");

    /// <summary>What stands under a heading; empty: the page has no such part.</summary>
    public string Section(Part part)
    {
        var title = $"\n## {s_headings[_language][part]}\n";
        var begin = Text.IndexOf(title, StringComparison.Ordinal);
        if (begin < 0)
        {
            return "";
        }
        begin += title.Length;
        var end = Text.IndexOf("\n## ", begin, StringComparison.Ordinal);
        return Text[begin..(end < 0 ? Text.Length : end + 1)];
    }

    /// <summary>The blocks of code of a part, by language.</summary>
    public IReadOnlyList<string> Blocks(Part part, string language) =>
        [.. Fence().Matches(Section(part)).Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value)];

    /// <summary>The answers to the exercises, as the page gives them.</summary>
    public IReadOnlyList<string> Answers => [.. Answer().Matches(Section(Part.Exercises)).Select(match => match.Groups[1].Value)];

    /// <summary>Puts another text into the only block of what the lesson prints.</summary>
    public void WriteOutput(string output)
    {
        var section = Section(Part.Output);
        var written = Fence().Replace(section, _ => $"```text\n{output}```\n", 1);
        Text = Text.Replace(section, written, StringComparison.Ordinal);
        File.WriteAllText(FullPath, Text);
    }

    [GeneratedRegex(@"^## (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```\n", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"<summary>[^<]*</summary>\s*\*\*(-?[0-9.]+)\*\*")]
    private static partial Regex Answer();
}
