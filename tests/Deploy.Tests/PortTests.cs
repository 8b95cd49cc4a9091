namespace TrainingCluster.Deploy.Tests;

/// <summary>A port is written in many places: flags, containers, services, policies, monitors. They must agree.</summary>
public sealed class PortTests
{
    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task ContainerPorts_OfServers_AreThoseOfTheirFlags(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        foreach (var program in (string[])["coordinator", "worker"])
        {
            var container = Assert.Single(overlay.Get("StatefulSet", program).Containers);
            foreach (var port in container.Items("ports"))
            {
                Assert.Equal(FlagOf(container, $"--{port.Text("name")}-port"), port.Text("containerPort"));
            }
            Assert.Equal(["cluster", "grpc", "http"], container.Items("ports").Select(port => port.Text("name")).Order());
        }
    }

    [Fact]
    public async Task ContainerPorts_OfServing_AreThoseOfItsFlagsAndItCallsTheCoordinator()
    {
        var overlay = await Overlay.BuildAsync(Overlay.Serving);
        var container = Assert.Single(overlay.Get("Deployment", "serving").Containers);
        foreach (var port in container.Items("ports"))
        {
            Assert.Equal(FlagOf(container, $"--{port.Text("name")}-port"), port.Text("containerPort"));
        }
        Assert.Equal(["grpc", "http"], container.Items("ports").Select(port => port.Text("name")).Order());
        Assert.Equal("https://coordinator.$(POD_NAMESPACE).svc:7070", FlagOf(container, "--coordinator"));
    }

    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task ServicePorts_Always_LeadToContainerPortsOfThePodsTheySelect(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        foreach (var service in overlay.Objects.Where(item => item.Kind == "Service"))
        {
            var workload = Selected(overlay, service.Pairs("spec", "selector"));
            var container = Assert.Single(workload.Containers);
            foreach (var port in service.Items("spec", "ports"))
            {
                var target = Assert.Single(container.Items("ports"), item => item.Text("name") == port.Text("targetPort"));
                // Headless services do not translate ports: both numbers must be the same.
                Assert.Equal("None", service.Text("spec", "clusterIP"));
                Assert.Equal(target.Text("containerPort"), port.Text("port"));
            }
            if (workload.Kind == "StatefulSet")
            {
                Assert.Equal(service.Name, workload.Text("spec", "serviceName"));
            }
        }
    }

    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task Addresses_InFlags_NameServicesAndTheirPorts(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        var worker = Assert.Single(overlay.Get("StatefulSet", "worker").Containers);
        var submit = Assert.Single(overlay.Get("Job", "submit").Containers, container => container.Text("name") == "submit");
        Assert.Equal($"coordinator-0.coordinator.$(POD_NAMESPACE).svc:{ServicePort("cluster")}", FlagOf(worker, "--coordinator"));
        Assert.Equal($"https://coordinator.$(POD_NAMESPACE).svc:{ServicePort("grpc")}", FlagOf(submit, "--coordinator"));

        string ServicePort(string port) =>
            Assert.Single(overlay.Get("Service", "coordinator").Items("spec", "ports"), item => item.Text("name") == port).Text("port");
    }

    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task NetworkPolicies_Always_LetInExactlyThePortsOfTheirPods(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        foreach (var policy in overlay.Objects.Where(item => item.Kind == "NetworkPolicy"))
        {
            var workload = Selected(overlay, policy.Pairs("spec", "podSelector", "matchLabels"));
            var ports = workload.Containers.SelectMany(container => container.Items("ports")).Select(port => port.Text("containerPort"));
            var allowed = policy.Items("spec", "ingress").SelectMany(rule => rule.Items("ports")).Select(port => port.Text("port"));
            Assert.Equal(ports.Order(), allowed.Order());
        }
    }

    [Theory, MemberData(nameof(Overlay.Names), MemberType = typeof(Overlay))]
    public async Task NetworkPolicies_Always_LetOutToPortsThatTheOtherSideLetsIn(string name)
    {
        var overlay = await Overlay.BuildAsync(name);
        var policies = overlay.Objects.Where(item => item.Kind == "NetworkPolicy").ToList();
        foreach (var policy in policies)
        {
            foreach (var rule in policy.Items("spec", "egress"))
            {
                var to = Assert.Single(rule.Items("to")).Text("podSelector", "matchLabels", "app.kubernetes.io/name");
                if (to.Length == 0)
                {
                    continue; // names are resolved outside of this namespace
                }
                var letIn = Assert
                    .Single(policies, other => other.Name == to)
                    .Items("spec", "ingress")
                    .Where(other =>
                        other.Items("from").Any(from => from.Text("podSelector", "matchLabels", "app.kubernetes.io/name") == policy.Name)
                    )
                    .SelectMany(other => other.Items("ports"))
                    .Select(port => port.Text("port"));
                Assert.Empty(rule.Items("ports").Select(port => port.Text("port")).Except(letIn));
            }
        }
    }

    [Fact]
    public async Task ServiceMonitor_Always_NamesAPortOfTheServicesThatItSelects()
    {
        var overlay = await Overlay.BuildAsync("gpu");
        var monitor = Assert.Single(overlay.Objects, item => item.Kind == "ServiceMonitor");
        var expression = Assert.Single(monitor.Items("spec", "selector", "matchExpressions"));
        var services = overlay
            .Objects.Where(item =>
                item.Kind == "Service" && expression.Texts("values").Contains(item.Text("metadata", "labels", expression.Text("key")))
            )
            .ToList();
        Assert.Equal(["coordinator", "worker"], services.Select(service => service.Name).Order());
        foreach (var endpoint in monitor.Items("spec", "endpoints"))
        {
            Assert.Equal("/metrics", endpoint.Text("path"));
            Assert.All(
                services,
                service => Assert.Contains(service.Items("spec", "ports"), port => port.Text("name") == endpoint.Text("port"))
            );
        }
    }

    private static string FlagOf(Manifest container, string flag) =>
        Assert.Single(container.Texts("args"), argument => argument.StartsWith(flag + "=", StringComparison.Ordinal))[(flag.Length + 1)..];

    private static Manifest Selected(Overlay overlay, IReadOnlyDictionary<string, string> labels) =>
        Assert.Single(
            overlay.Workloads,
            workload => labels.All(label => workload.Text("spec", "template", "metadata", "labels", label.Key) == label.Value)
        );
}
