using TrainingCluster.Cli.Demo;
using TrainingCluster.Jobs;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Cli.Tests.Demo;

public sealed class DemoRecipeTests
{
    [Theory]
    [InlineData("examples/dates.yaml")]
    [InlineData("deploy/k8s/base/job.yaml")]
    public async Task JobFile_OfTheDates_IsTheDemonstrationsRecipe(string path)
    {
        var spec = JobYaml.Parse(await File.ReadAllTextAsync(Repository.At(path), TestContext.Current.CancellationToken)).Spec;
        spec.Dataset.ClearSource();
        spec.Dataset.ClearTarget();
        spec.Dataset.ClearValidSource();
        spec.Dataset.ClearValidTarget();
        Assert.Equal(DemoRecipe.Create(seed: 1), spec);
    }
}
