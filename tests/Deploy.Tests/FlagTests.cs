using System.Text.RegularExpressions;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Deploy.Tests;

/// <summary>Containers start programs of ours, with flags that these programs know.</summary>
public sealed partial class FlagTests
{
    private static readonly Dictionary<string, string> s_projects = new(StringComparer.Ordinal)
    {
        ["TrainingCluster.Coordinator.dll"] = "Coordinator",
        ["TrainingCluster.Worker.dll"] = "Worker",
        ["TrainingCluster.Serving.dll"] = "Serving",
        ["cluster.dll"] = "Cli",
    };

    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task ContainerFlags_Always_AreInTheProgramsHelp(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        var containers = overlay.Workloads.SelectMany(workload => workload.Containers).ToList();
        string[] servers = name == Overlay.Serving ? ["serving"] : [];
        Assert.Equal(
            [.. servers.Concat(["coordinator", "submit", "text", "worker"]).Order()],
            containers.Select(container => container.Text("name")).Order()
        );
        foreach (var container in containers)
        {
            var command = container.Texts("command");
            Assert.Equal(["dotnet", $"/app/{Path.GetFileName(command[^1])}"], command);
            var assembly = Path.GetFileName(command[^1]);
            var arguments = container.Texts("args");
            var subcommand = arguments.TakeWhile(argument => !argument.StartsWith('-') && !argument.StartsWith('/'));
            var help = await Tool.RunAsync("dotnet", [Repository.Program(s_projects[assembly], assembly), .. subcommand, "--help"]);
            Assert.True(help.ExitCode == 0, help.All);
            var known = Flag().Matches(help.Output).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);
            var used = arguments
                .Where(argument => argument.StartsWith("--", StringComparison.Ordinal))
                .Select(argument => argument.Split('=')[0]);
            Assert.Empty(used.Except(known));
        }
    }

    [Fact]
    public async Task Images_Always_HoldTheProgramsThatContainersStart()
    {
        foreach (var file in (string[])["Dockerfile", "Dockerfile.cuda"])
        {
            var text = await File.ReadAllTextAsync(Repository.At("deploy", "docker", file), TestContext.Current.CancellationToken);
            Assert.Contains("for program in Coordinator Worker Serving Cli", text, StringComparison.Ordinal);
            Assert.Contains("-o /app", text, StringComparison.Ordinal);
            Assert.Contains("USER 1654:1654", text, StringComparison.Ordinal);
            Assert.Contains("THIRD-PARTY-NOTICES /app", text, StringComparison.Ordinal);
            Assert.DoesNotContain("g++", text, StringComparison.Ordinal);
        }
        Assert.All(s_projects, program => Assert.True(File.Exists(Repository.Program(program.Value, program.Key)), program.Key));
    }

    [Fact]
    public async Task ImageForGpus_Always_UsesItsOwnLibtorchAlone()
    {
        var text = await File.ReadAllTextAsync(Repository.At("deploy", "docker", "Dockerfile.cuda"), TestContext.Current.CancellationToken);
        Assert.Contains("-p:WithLibtorch=false", text, StringComparison.Ordinal);
        Assert.Contains("CLUSTER_LIBTORCH=/opt/python-packages/torch/lib", text, StringComparison.Ordinal);
    }

    [GeneratedRegex("--[a-z][a-z-]*")]
    private static partial Regex Flag();
}
