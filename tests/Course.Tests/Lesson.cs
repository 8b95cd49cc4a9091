using TrainingCluster.TestSupport;

namespace TrainingCluster.Course.Tests;

/// <summary>A program of the course: examples/attention/NAME.cs. What <c>dotnet run</c> built is started again without a build.</summary>
internal sealed class Lesson
{
    private static readonly Dictionary<string, Lesson> s_all = Directory
        .EnumerateFiles(Repository.At("examples", "attention"), "*.cs")
        .Select(path => new Lesson(Path.GetFileNameWithoutExtension(path)))
        .ToDictionary(lesson => lesson.Name, StringComparer.Ordinal);

    private static readonly Lazy<Task> s_shown = new(ShowAllAsync);

    private Tool.Result? _shown;
    private string _program = "";

    private Lesson(string name) => Name = name;

    /// <summary>Every lesson's name, in the order of the course.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_all.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Its file's and its page's.</summary>
    public string Name { get; }

    /// <summary>Its text.</summary>
    public string Source => File.ReadAllText(FullPath);

    private string FullPath => Repository.At("examples", "attention", $"{Name}.cs");

    public static Lesson Named(string name) => s_all[name];

    /// <summary>What <c>dotnet run NAME.cs</c> prints. The first call runs all lessons, each once.</summary>
    public async Task<string> ShowAsync()
    {
        await s_shown.Value;
        Assert.True(_shown!.ExitCode == 0, _shown.All);
        return _shown.Output;
    }

    /// <summary>A library as the built lesson takes it: the file that its link leads to.</summary>
    public async Task<string?> LibraryAsync(string fileName)
    {
        await ShowAsync();
        return File.ResolveLinkTarget(Path.Combine(Path.GetDirectoryName(_program)!, fileName), returnFinalTarget: true)?.FullName;
    }

    /// <summary>Runs <c>check NUMBER ANSWER</c>.</summary>
    public async Task<Tool.Result> CheckAsync(string exercise, string answer)
    {
        await ShowAsync();
        return await Tool.RunAsync("dotnet", [_program, "check", exercise, answer]);
    }

    private static async Task ShowAllAsync()
    {
        try
        {
            // One at a time: each build links anew to what lessons share, and one that meets another's link warns.
            foreach (var name in Names)
            {
                await Named(name).RunAsync();
            }
        }
        finally
        {
            // As ./cluster ends its own.
            const string End = """root=$1; . "$root/build/build.sh"; end_compiler_server "$2" """;
            await Tool.RunAsync("bash", ["-c", End, "bash", Repository.Root, AssemblyStart.CompilerServer]);
        }
    }

    private async Task RunAsync()
    {
        _shown = await Tool.RunAsync("dotnet", ["run", FullPath]);
        var built = await Tool.RunAsync("dotnet", ["build", FullPath, "-getProperty:TargetPath"]);
        _program = built.Output.Trim();
    }
}
