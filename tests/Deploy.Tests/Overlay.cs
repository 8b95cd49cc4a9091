using System.Collections.Concurrent;
using TrainingCluster.TestSupport;
using YamlDotNet.RepresentationModel;

namespace TrainingCluster.Deploy.Tests;

/// <summary>What <c>kubectl kustomize</c> makes of an overlay.</summary>
internal sealed class Overlay
{
    /// <summary>The overlay with servers of translations.</summary>
    public const string Serving = "serving";

    private static readonly ConcurrentDictionary<string, Task<Overlay>> s_built = new();

    private Overlay(IReadOnlyList<Manifest> objects) => Objects = objects;

    public static TheoryData<string> Names =>
        new(Directory.GetDirectories(Repository.At("deploy", "k8s", "overlays")).Select(path => Path.GetFileName(path)!));

    public IReadOnlyList<Manifest> Objects { get; }

    public IEnumerable<Manifest> Workloads => Objects.Where(item => item.Pod is not null);

    public Manifest Get(string kind, string name) => Assert.Single(Objects, item => item.Kind == kind && item.Name == name);

    public static Task<Overlay> BuildAsync(string name)
    {
        Tool.Require("kubectl", "Kubernetes' command line, with kustomize built in");
        return s_built.GetOrAdd(
            name,
            async _ =>
            {
                var result = await Tool.RunAsync("kubectl", ["kustomize", Repository.At("deploy", "k8s", "overlays", name)]);
                Assert.True(result.ExitCode == 0, result.Error);
                var stream = new YamlStream();
                stream.Load(new StringReader(result.Output));
                return new Overlay([.. stream.Documents.Select(document => new Manifest(document.RootNode))]);
            }
        );
    }
}
