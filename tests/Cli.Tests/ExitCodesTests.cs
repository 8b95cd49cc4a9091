using System.Globalization;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Cli.Tests;

public sealed class ExitCodesTests
{
    [Fact]
    public async Task Help_OfTheProgram_HasTheDocumentedTable()
    {
        var help = (await Session.RunAsync("--help")).Out;
        var document = await File.ReadAllTextAsync(Repository.At("docs", "operations.md"), TestContext.Current.CancellationToken);
        foreach (var field in typeof(ExitCodes).GetFields().Where(field => field.IsLiteral))
        {
            var code = ((int)field.GetRawConstantValue()!).ToString(CultureInfo.InvariantCulture);
            Assert.Matches($@"\n +{code} +\S", help);
            Assert.Contains($"\n| {code} | ", document, StringComparison.Ordinal);
        }
    }

    /// <summary>What gets no better by trying again ends the Kubernetes Job; everything else is tried again.</summary>
    [Fact]
    public async Task SubmitJob_OfTheManifests_IsNotTriedAgainInVain()
    {
        var manifest = await File.ReadAllTextAsync(
            Repository.At("deploy", "k8s", "base", "submit.yaml"),
            TestContext.Current.CancellationToken
        );
        int[] final = [ExitCodes.Failed, ExitCodes.BadUsage, ExitCodes.Cancelled];
        Assert.Contains($"values: [{string.Join(", ", final)}]", manifest, StringComparison.Ordinal);
    }
}
