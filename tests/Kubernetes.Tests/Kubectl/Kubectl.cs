namespace TrainingCluster.Kubernetes.Tests.Kubectl;

/// <summary>The real kubectl against one API server.</summary>
internal sealed class Kubectl : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public Kubectl(string url)
    {
        Tool.Require("kubectl", "Debian's package kubernetes-client");
        Config = At("kubeconfig");
        File.WriteAllText(
            Config,
            $"""
            apiVersion: v1
            kind: Config
            clusters: [{"{"}name: test, cluster: {"{"}server: "{url}"{"}"}{"}"}]
            contexts: [{"{"}name: test, context: {"{"}cluster: test, user: test, namespace: research{"}"}{"}"}]
            users: [{"{"}name: test, user: {"{"}token: test{"}"}{"}"}]
            current-context: test
            """
        );
    }

    /// <summary>A kubeconfig of the server.</summary>
    public string Config { get; }

    /// <summary>A file of this test.</summary>
    public string At(string name) => Path.Combine(_folder.Path, name);

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var result = await TryAsync(arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {result.All}");
        return result.Output;
    }

    public Task<Tool.Result> TryAsync(params string[] arguments) =>
        Tool.RunAsync("kubectl", ["--kubeconfig", Config, "--cache-dir", At("cache"), .. arguments]);

    public void Dispose() => _folder.Dispose();
}
