using TrainingCluster.Jobs;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Deploy.Tests;

public sealed class JobFileTests
{
    public static TheoryData<string> JobFiles =>
        new(
            Directory
                .GetFiles(Repository.At("examples"), "*.yaml")
                .Append(Repository.At("deploy", "k8s", "base", "job.yaml"))
                .Select(path => Path.GetRelativePath(Repository.Root, path))
        );

    [Theory, MemberData(nameof(JobFiles))]
    public async Task JobFile_InTheRepository_HasNoViolations(string path) =>
        Assert.Empty(JobYaml.Parse(await File.ReadAllTextAsync(Repository.At(path), TestContext.Current.CancellationToken)).Violations);
}
