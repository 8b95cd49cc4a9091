using System.Xml.Linq;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Deploy.Tests;

/// <summary>Directory.Packages.props names what is used, and nothing else.</summary>
public sealed class PackageTests
{
    private static readonly XDocument s_versions = XDocument.Load(Repository.At("Directory.Packages.props"));

    [Fact]
    public void PackageVersions_All_AreReferencedByAProject()
    {
        var referenced = ProjectFiles()
            .SelectMany(file => XDocument.Load(file).Descendants("PackageReference"))
            .Select(reference => reference.Attribute("Include")?.Value)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.NotEmpty(Versions(pins: false));
        Assert.DoesNotContain(Versions(pins: false), package => !referenced.Contains(package.Name));
        Assert.DoesNotContain(Versions(pins: true), package => referenced.Contains(package.Name));
    }

    [Fact]
    public void Pins_All_AreDrawnInByAProject()
    {
        var resolved = string.Concat(
            Directory
                .GetFiles(Repository.At("artifacts", "obj"), "project.assets.json", SearchOption.AllDirectories)
                .Select(File.ReadAllText)
        );
        Assert.DoesNotContain(
            Versions(pins: true),
            package => !resolved.Contains($"\"{package.Name}/{package.Version}\"", StringComparison.OrdinalIgnoreCase)
        );
    }

    private static List<(string Name, string Version)> Versions(bool pins) =>
        [
            .. s_versions
                .Descendants("PackageVersion")
                .Where(package => package.Parent!.Attribute("Label")?.Value == "Pins" == pins)
                .Select(package => (package.Attribute("Include")!.Value, package.Attribute("Version")!.Value)),
        ];

    private static IEnumerable<string> ProjectFiles() =>
        new[] { "src", "tests", "bench", "tools" }
            .Select(folder => Repository.At(folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories))
            .Concat([Repository.At("Directory.Build.props"), Repository.At("Directory.Build.targets")]);
}
