using YamlDotNet.RepresentationModel;

namespace TrainingCluster.Deploy.Tests;

/// <summary>One Kubernetes object, read by paths.</summary>
internal sealed class Manifest(YamlNode node)
{
    public string Kind => Text("kind");

    public string Name => Text("metadata", "name");

    /// <summary>"StatefulSet/worker".</summary>
    public string Id => $"{Kind}/{Name}";

    /// <summary>The scalar at a path of keys; empty when there is none.</summary>
    public string Text(params string[] path) => (At(path)?.Node as YamlScalarNode)?.Value ?? "";

    /// <summary>The node at a path of keys. Null: there is none.</summary>
    public Manifest? At(params string[] path)
    {
        YamlNode? at = node;
        foreach (var key in path)
        {
            at = at is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;
        }
        return at is null ? null : new Manifest(at);
    }

    /// <summary>The items of the list at a path; none when it is not there.</summary>
    public IReadOnlyList<Manifest> Items(params string[] path) =>
        At(path)?.Node is YamlSequenceNode list ? [.. list.Select(item => new Manifest(item))] : [];

    /// <summary>The scalars of the list at a path.</summary>
    public IReadOnlyList<string> Texts(params string[] path) => [.. Items(path).Select(item => ((YamlScalarNode)item.Node).Value!)];

    /// <summary>The scalars of the mapping at a path.</summary>
    public IReadOnlyDictionary<string, string> Pairs(params string[] path) =>
        At(path)?.Node is YamlMappingNode map
            ? map.Children.ToDictionary(pair => ((YamlScalarNode)pair.Key).Value!, pair => (pair.Value as YamlScalarNode)?.Value ?? "")
            : new Dictionary<string, string>();

    /// <summary>The pod template of a workload. Null: it has none.</summary>
    public Manifest? Pod => At("spec", "template", "spec");

    /// <summary>All containers of a workload.</summary>
    public IEnumerable<Manifest> Containers => Pod is { } pod ? pod.Items("initContainers").Concat(pod.Items("containers")) : [];

    public override string ToString() => Id;

    private YamlNode Node => node;
}
