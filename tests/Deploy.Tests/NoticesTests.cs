using System.Text.Json;
using System.Text.RegularExpressions;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Deploy.Tests;

/// <summary>THIRD-PARTY-NOTICES lists what the programs bring along: run build/notices.sh when a package changes.</summary>
public sealed partial class NoticesTests
{
    [Fact]
    public async Task Notices_Always_ListExactlyTheShippedPackagesWithVersionAndLicence()
    {
        var text = await File.ReadAllTextAsync(Repository.At("THIRD-PARTY-NOTICES"), TestContext.Current.CancellationToken);
        var listed = Entry().Matches(text).Select(match => $"{match.Groups[1].Value}/{match.Groups[2].Value}");

        var programs = ((string Project, string File)[])
            [
                ("Coordinator", "TrainingCluster.Coordinator.deps.json"),
                ("Worker", "TrainingCluster.Worker.deps.json"),
                ("Serving", "TrainingCluster.Serving.deps.json"),
                ("Cli", "cluster.deps.json"),
            ];
        var shipped = programs.SelectMany(program => PackagesOf(Repository.Program(program.Project, program.File))).Distinct();

        Assert.Equal(shipped.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    private static List<string> PackagesOf(string dependencies)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(dependencies));
        return
        [
            .. document
                .RootElement.GetProperty("libraries")
                .EnumerateObject()
                .Where(library => library.Value.GetProperty("type").GetString() == "package")
                .Select(library => library.Name),
        ];
    }

    // A name, a version, and on the next line a licence that is not empty.
    [GeneratedRegex(@"^(\S+) (\d\S*)\n  licence: \S", RegexOptions.Multiline)]
    private static partial Regex Entry();
}
