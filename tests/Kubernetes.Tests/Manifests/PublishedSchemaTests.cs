using System.Text.Json.Nodes;
using TrainingCluster.Kubernetes.Tests.ApiServer;

namespace TrainingCluster.Kubernetes.Tests.Manifests;

/// <summary>
/// The manifests against the OpenAPI documents that Kubernetes publishes with each version. They are no part of the repository:
/// deploy/k8s/schemas.sh fetches them into the folder that CLUSTER_KUBERNETES_SCHEMAS names, a file for each version.
/// </summary>
public sealed class PublishedSchemaTests
{
    private const string Variable = "CLUSTER_KUBERNETES_SCHEMAS";

    /// <summary>Custom resources: their own definitions hold them.</summary>
    private static readonly string[] s_foreign = ["monitoring.coreos.com/", "training.cluster/"];

    public static TheoryData<string> Versions => ["v1.30", "v1.31", "v1.32", "v1.33", "v1.34"];

    [Theory, MemberData(nameof(Versions))]
    public async Task Manifests_OfEveryOverlay_AreWhatThisVersionTakes(string version)
    {
        var definitions = Read(version);
        var (held, problems) = (0, new List<string>());
        foreach (var overlay in ManifestTests.Overlays.Select(row => row.Data))
        {
            foreach (var item in (await ManifestTests.BuildAsync(overlay)).Select(YamlText.Parse))
            {
                if (!s_foreign.Any(group => ((string)item["apiVersion"]!).StartsWith(group, StringComparison.Ordinal)))
                {
                    held++;
                    problems.AddRange(definitions.Check(item).Select(problem => $"{overlay}: {problem}"));
                }
            }
        }
        Assert.Empty(problems);
        Assert.True(held > 50, $"only {held} objects were held against {version}");
    }

    /// <summary>The check itself: what is wrong is seen, wherever it is.</summary>
    [Theory, MemberData(nameof(Versions))]
    public async Task Manifests_WithAMistake_AreNot(string version)
    {
        var definitions = Read(version);
        var worker = (await ManifestTests.BuildAsync("local"))
            .Select(YamlText.Parse)
            .Single(item => (string)item["kind"]! == "StatefulSet" && ObjectStore.Of(item, "name") == "worker");
        Assert.Empty(definitions.Check(worker));
        AssertSeen(pod => pod["terminationGracePeriod"] = 7, ".terminationGracePeriod: is no field");
        AssertSeen(pod => pod["terminationGracePeriodSeconds"] = "7s", ".terminationGracePeriodSeconds: is no whole number");
        AssertSeen(pod => pod["containers"]![0]!.AsObject().Remove("name"), ".containers[0].name: is missing");
        AssertSeen(pod => pod["containers"] = "worker", ".containers: is no array");
        AssertSeen(pod => pod["volumes"]![0]!["emptyDir"]!["size"] = "1Gi", ".volumes[0].emptyDir.size: is no field");

        void AssertSeen(Action<JsonObject> mistake, string expected)
        {
            var wrong = worker.DeepClone().AsObject();
            mistake(wrong["spec"]!["template"]!["spec"]!.AsObject());
            Assert.EndsWith(expected, Assert.Single(definitions.Check(wrong)), StringComparison.Ordinal);
        }
    }

    private static OpenApiDefinitions Read(string version)
    {
        var folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"needs {Variable}: run deploy/k8s/schemas.sh first");
        return OpenApiDefinitions.Read(Path.Combine(folder!, $"{version}.json"));
    }
}
