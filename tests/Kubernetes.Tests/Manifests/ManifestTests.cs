using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Kubernetes.Tests.ApiServer;

namespace TrainingCluster.Kubernetes.Tests.Manifests;

/// <summary>What kustomize makes of the manifests, held strictly against the types of the client library.</summary>
public sealed class ManifestTests
{
    private static readonly Dictionary<string, Type> s_types = new(StringComparer.Ordinal)
    {
        ["v1/Namespace"] = typeof(V1Namespace),
        ["v1/ServiceAccount"] = typeof(V1ServiceAccount),
        ["v1/Service"] = typeof(V1Service),
        ["v1/ConfigMap"] = typeof(V1ConfigMap),
        ["apps/v1/StatefulSet"] = typeof(V1StatefulSet),
        ["apps/v1/Deployment"] = typeof(V1Deployment),
        ["batch/v1/Job"] = typeof(V1Job),
        ["policy/v1/PodDisruptionBudget"] = typeof(V1PodDisruptionBudget),
        ["networking.k8s.io/v1/NetworkPolicy"] = typeof(V1NetworkPolicy),
        ["rbac.authorization.k8s.io/v1/ClusterRole"] = typeof(V1ClusterRole),
        ["rbac.authorization.k8s.io/v1/ClusterRoleBinding"] = typeof(V1ClusterRoleBinding),
        ["rbac.authorization.k8s.io/v1/Role"] = typeof(V1Role),
        ["rbac.authorization.k8s.io/v1/RoleBinding"] = typeof(V1RoleBinding),
        ["apiextensions.k8s.io/v1/CustomResourceDefinition"] = typeof(V1CustomResourceDefinition),
    };

    /// <summary>Types of the Prometheus operator: the client library does not know them.</summary>
    private static readonly string[] s_foreign = ["monitoring.coreos.com/v1/ServiceMonitor", "monitoring.coreos.com/v1/PrometheusRule"];

    public static TheoryData<string> Overlays =>
        new(Directory.GetDirectories(Repository.At("deploy", "k8s", "overlays")).Select(path => Path.GetFileName(path)!));

    [Theory, MemberData(nameof(Overlays))]
    public async Task Manifests_OfEachOverlay_HaveNoFieldThatKubernetesDoesNotKnow(string overlay)
    {
        foreach (var text in await BuildAsync(overlay))
        {
            var item = YamlText.Parse(text);
            var kind = $"{item["apiVersion"]}/{item["kind"]}";
            if (s_foreign.Contains(kind))
            {
                continue;
            }
            Assert.True(s_types.TryGetValue(kind, out var type), $"{kind} is not among the known types");
            var strict = typeof(KubernetesYaml)
                .GetMethods()
                .Single(method =>
                    method.Name == nameof(KubernetesYaml.Deserialize)
                    && method.IsGenericMethod
                    && method.GetParameters().Select(parameter => parameter.ParameterType).SequenceEqual([typeof(string), typeof(bool)])
                );
            Assert.NotNull(strict.MakeGenericMethod(type).Invoke(null, [text, true]));
        }
    }

    [Theory, MemberData(nameof(Overlays))]
    public async Task Names_ThatBindingsAndPodsUse_AreThere(string overlay)
    {
        var items = (await BuildAsync(overlay)).Select(YamlText.Parse).ToList();
        var ids = items.Select(item => $"{item["kind"]}/{ObjectStore.Of(item, "name")}").ToList();
        foreach (var binding in items.Where(item => ((string)item["kind"]!).EndsWith("Binding", StringComparison.Ordinal)))
        {
            Assert.Contains($"{binding["roleRef"]!["kind"]}/{binding["roleRef"]!["name"]}", ids);
            foreach (var subject in binding["subjects"]!.AsArray())
            {
                Assert.Contains($"ServiceAccount/{subject!["name"]}", ids);
                Assert.Equal("training-cluster", (string)subject["namespace"]!);
            }
        }
        foreach (var account in items.Select(item => item["spec"]?["template"]?["spec"]?["serviceAccountName"]).OfType<JsonNode>())
        {
            Assert.Contains($"ServiceAccount/{account}", ids);
        }
    }

    [Theory, MemberData(nameof(Overlays))]
    public async Task Containers_Always_RequestAndLimitEphemeralStorage(string overlay)
    {
        foreach (var item in (await BuildAsync(overlay)).Select(YamlText.Parse))
        {
            var pod = item["spec"]?["template"]?["spec"];
            foreach (var container in (pod?["containers"]?.AsArray() ?? []).Concat(pod?["initContainers"]?.AsArray() ?? []))
            {
                Assert.NotNull(container!["resources"]!["requests"]!["ephemeral-storage"]);
                Assert.NotNull(container["resources"]!["limits"]!["ephemeral-storage"]);
            }
        }
    }

    /// <summary>A worker may take its whole time to store its state, and the coordinator is there for as long, and longer.</summary>
    [Theory, MemberData(nameof(Overlays))]
    public async Task GracePeriods_Always_LeaveTimeForWhatWorkersHaveToStore(string overlay)
    {
        var sets = (await BuildAsync(overlay)).Select(YamlText.Parse).Where(item => (string)item["kind"]! == "StatefulSet").ToList();
        var (coordinator, worker) = (Pod("coordinator"), Pod("worker"));
        var drain = Set(worker, "Worker:DrainTimeout");
        Assert.True(Grace(worker) >= drain + TimeSpan.FromSeconds(30), $"{Grace(worker)} for workers that drain for {drain}");
        foreach (var setting in (string[])["Jobs:LeaveTimeout", "Serving:LeaveTimeout"])
        {
            Assert.True(Set(coordinator, setting) > drain, $"{setting} for workers that drain for {drain}");
        }
        var serves = Set(coordinator, "Serving:LeaveTimeout") + new ServingOptions().LeaveWindow;
        Assert.True(Grace(coordinator) >= serves + TimeSpan.FromSeconds(20), $"{Grace(coordinator)}");

        JsonNode Pod(string name) => sets.Single(item => ObjectStore.Of(item, "name") == name)["spec"]!["template"]!["spec"]!;

        static TimeSpan Grace(JsonNode pod) => TimeSpan.FromSeconds((long)pod["terminationGracePeriodSeconds"]!);

        static TimeSpan Set(JsonNode pod, string setting)
        {
            var prefix = $"--set={setting}=";
            var given = pod["containers"]![0]!["args"]!.AsArray().Select(argument => (string)argument!);
            var seconds = given.Single(argument => argument.StartsWith(prefix, StringComparison.Ordinal))[prefix.Length..^" s".Length];
            return TimeSpan.FromSeconds(int.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task Release_Images_BearThisVersion()
    {
        var version = System.Xml.Linq.XDocument.Load(Repository.At("Directory.Build.props")).Descendants("VersionPrefix").Single().Value;
        var images = (await BuildAsync("release"))
            .Select(YamlText.Parse)
            .SelectMany(item => item["spec"]?["template"]?["spec"]?["containers"]?.AsArray() ?? [])
            .Select(container => (string)container!["image"]!)
            .ToList();
        Assert.NotEmpty(images);
        Assert.All(images, image => Assert.Equal($"ghcr.io/OWNER/training-cluster:{version}", image));
    }

    /// <summary>The alerts as the operator takes them: made from the file that promtool tests.</summary>
    [Fact]
    public async Task PrometheusRule_InTheRepository_HoldsTheAlertsThatAreTested()
    {
        var rules = await File.ReadAllTextAsync(Repository.At("deploy", "prometheus", "rules.yaml"), TestContext.Current.CancellationToken);
        var groups = rules[rules.IndexOf("groups:", StringComparison.Ordinal)..].TrimEnd('\n').Split('\n');
        var text =
            "# Made from deploy/prometheus/rules.yaml: CLUSTER_WRITE_DOCS=1 ./cluster test kubernetes -- -class '*ManifestTests'\n"
            + "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: training-cluster\n"
            + "  labels:\n    release: kube-prometheus-stack\nspec:\n"
            + string.Concat(groups.Select(line => line.Length > 0 ? $"  {line}\n" : "\n"));
        GeneratedDocument.Verify(text, "deploy", "k8s", "components", "monitoring", "prometheusrule.yaml");
    }

    /// <summary>The documents that an overlay gives.</summary>
    internal static async Task<string[]> BuildAsync(string overlay)
    {
        Tool.Require("kubectl", "Debian's package kubernetes-client");
        var result = await Tool.RunAsync("kubectl", ["kustomize", Repository.At("deploy", "k8s", "overlays", overlay)]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output.Split("\n---\n");
    }
}
