namespace TrainingCluster.Deploy.Tests;

public sealed class OverlayTests
{
    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task Overlay_Built_HasAllParts(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        var ids = overlay.Objects.Select(item => item.Id).ToList();
        string[] expected =
        [
            "Namespace/training-cluster",
            "StatefulSet/coordinator",
            "StatefulSet/worker",
            "Service/coordinator",
            "Service/worker",
            "Job/submit",
            "PodDisruptionBudget/coordinator",
            "PodDisruptionBudget/worker",
            "NetworkPolicy/coordinator",
            "NetworkPolicy/worker",
            "NetworkPolicy/submit",
        ];
        Assert.Empty(expected.Except(ids));
        Assert.Equal(ids.Distinct(), ids);
    }

    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task Workloads_Always_AreAdmittedByRestrictedPodSecurity(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        Assert.Equal(
            "restricted",
            overlay.Get("Namespace", "training-cluster").Text("metadata", "labels", "pod-security.kubernetes.io/enforce")
        );
        foreach (var workload in overlay.Workloads)
        {
            var pod = workload.Pod!;
            Assert.Equal("true", pod.Text("securityContext", "runAsNonRoot"));
            Assert.Equal("RuntimeDefault", pod.Text("securityContext", "seccompProfile", "type"));
            Assert.Equal("false", pod.Text("automountServiceAccountToken"));
            foreach (var container in workload.Containers)
            {
                Assert.Equal("false", container.Text("securityContext", "allowPrivilegeEscalation"));
                Assert.Equal("true", container.Text("securityContext", "readOnlyRootFilesystem"));
                Assert.Equal(["ALL"], container.Texts("securityContext", "capabilities", "drop"));
            }
        }
    }

    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task Containers_Always_RequestCpuAndMemoryAndLimitMemory(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        foreach (var container in overlay.Workloads.SelectMany(workload => workload.Containers))
        {
            Assert.True(container.Pairs("resources", "requests").ContainsKey("cpu"), container.Text("name"));
            Assert.True(container.Pairs("resources", "requests").ContainsKey("memory"), container.Text("name"));
            Assert.True(container.Pairs("resources", "limits").ContainsKey("memory"), container.Text("name"));
        }
    }

    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task Servers_Always_HaveProbesOnTheirHttpPort(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        foreach (
            var container in overlay
                .Workloads.Where(workload => workload.Kind is "StatefulSet" or "Deployment")
                .SelectMany(workload => workload.Containers)
        )
        {
            foreach (
                var (probe, path) in new[] { ("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz") }
            )
            {
                Assert.Equal(path, container.Text(probe, "httpGet", "path"));
                Assert.Equal("http", container.Text(probe, "httpGet", "port"));
            }
        }
    }

    [Fact]
    public async Task GpuOverlay_Worker_RequestsItsGpuAndComputesOnIt()
    {
        var overlay = await Overlay.BuildAsync("gpu");
        var worker = Assert.Single(overlay.Get("StatefulSet", "worker").Containers);
        Assert.Equal("1", worker.Text("resources", "limits", "nvidia.com/gpu"));
        Assert.Equal("cuda:0", Assert.Single(worker.Items("env"), item => item.Text("name") == "DEVICE").Text("value"));
        Assert.EndsWith(":cuda", worker.Text("image"), StringComparison.Ordinal);
    }
}
