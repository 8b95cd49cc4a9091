using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Architecture.Tests;

/// <summary>What .editorconfig cannot demand.</summary>
public sealed partial class DialectTests
{
    private const int LongestLine = 140;

    private static readonly string[] s_assemblies =
    [
        "TrainingCluster.Modeling",
        "TrainingCluster.Shared",
        "TrainingCluster.Coordinator",
        "TrainingCluster.Worker",
        "TrainingCluster.Serving",
        "cluster",
        "cluster-chaos",
    ];

    [Fact]
    public void CancellationTokens_AsParameters_AreNamedAlike()
    {
        var parameters = s_assemblies
            .SelectMany(name => Assembly.Load(name).GetTypes())
            .Where(type => !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
            .SelectMany(type =>
                type.GetMethods(
                    BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly
                )
            )
            // The compiler's names for local functions and lambdas.
            .Where(method => !method.Name.Contains('<', StringComparison.Ordinal))
            // The parameter of a property's setter is its value.
            .Where(method => !method.IsSpecialName)
            .SelectMany(method => method.GetParameters())
            .Where(parameter => parameter.ParameterType == typeof(CancellationToken))
            .ToArray();
        Assert.True(parameters.Length > 100, $"only {parameters.Length} parameters were looked at");
        Assert.Empty(
            parameters
                .Where(parameter => parameter.Name != "cancellationToken")
                .Select(parameter => $"{parameter.Member.DeclaringType}.{parameter.Member.Name}: {parameter.Name}")
        );
    }

    // An operator finds a line by its number.
    [Fact]
    public void EventIds_OfLogMessages_AreGivenOnce()
    {
        var messages = s_assemblies
            .SelectMany(name => Assembly.Load(name).GetTypes())
            .SelectMany(type =>
                type.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            )
            .Select(method =>
                (Method: $"{method.DeclaringType}.{method.Name}", method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId)
            )
            .Where(message => message.EventId is not null)
            .ToArray();
        Assert.True(messages.Length > 30, $"only {messages.Length} messages were looked at");
        Assert.Empty(
            messages
                .GroupBy(message => message.EventId)
                .Where(same => same.Count() > 1)
                .Select(same => $"{same.Key}: {string.Join(", ", same.Select(message => message.Method))}")
        );
    }

    [Fact]
    public void Lines_OfAllSources_AreNotLonger()
    {
        var sources = new[] { "src", "tests", "bench", "tools" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories))
            .ToArray();
        Assert.True(sources.Length > 400, $"only {sources.Length} files were looked at");
        Assert.Empty(
            sources.SelectMany(path =>
                File.ReadLines(path)
                    .Select((line, index) => (line, index))
                    .Where(at => at.line.Length > LongestLine)
                    .Select(at => $"{Path.GetRelativePath(Repository.Root, path)}:{at.index + 1}")
            )
        );
    }

    // A test's namespace is that of the project, then .Tests, then its folders.
    [Fact]
    public void Namespaces_OfTests_FollowTheirFolders()
    {
        var tests = Path.Combine(Repository.Root, "tests");
        var wrong =
            from project in Directory.EnumerateDirectories(tests, "*.Tests")
            from path in Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories)
            let name = NamespaceDeclaration().Match(File.ReadAllText(path))
            where name.Success
            let folders = Path.GetRelativePath(project, Path.GetDirectoryName(path)!).Replace('/', '.')
            let tail = folders == "." ? ".Tests" : ".Tests." + folders
            where !name.Groups[1].Value.EndsWith(tail, StringComparison.Ordinal)
            select $"{Path.GetRelativePath(tests, path)}: {name.Groups[1].Value}";
        Assert.Empty(wrong);
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();
}
