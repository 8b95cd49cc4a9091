using System.Text.Json.Nodes;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>One type of objects that the server holds.</summary>
internal sealed record ResourceType(string Group, string Version, string Plural, string Kind, bool Namespaced)
{
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public bool HasStatus { get; init; }

    public bool HasScale { get; init; }

    /// <summary>The structural schema of a custom resource; null: a built-in type, which is taken as it comes.</summary>
    public JsonObject? Schema { get; init; }

    /// <summary>What a table shows beside the name.</summary>
    public IReadOnlyList<JsonObject> Columns { get; init; } = [];

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Where the group stands in paths.</summary>
    public string Root => Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";

    public string Singular => Kind.ToLowerInvariant();

    public static IReadOnlyList<ResourceType> BuiltIn { get; } =
    [
        new("", "v1", "namespaces", "Namespace", false) { ShortNames = ["ns"] },
        new("", "v1", "configmaps", "ConfigMap", true) { ShortNames = ["cm"] },
        new("", "v1", "events", "Event", true) { ShortNames = ["ev"] },
        new("", "v1", "pods", "Pod", true) { ShortNames = ["po"] },
        new("apps", "v1", "statefulsets", "StatefulSet", true)
        {
            ShortNames = ["sts"],
            HasStatus = true,
            HasScale = true,
        },
        new("coordination.k8s.io", "v1", "leases", "Lease", true),
        new("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false)
        {
            ShortNames = ["crd"],
            HasStatus = true,
        },
    ];

    /// <summary>The type that a definition defines.</summary>
    public static ResourceType Of(JsonObject definition)
    {
        // Numbers as they come over the wire.
        var spec = JsonNode.Parse(definition.ToJsonString())!["spec"]!;
        var version = spec["versions"]![0]!;
        return new(
            (string)spec["group"]!,
            (string)version["name"]!,
            (string)spec["names"]!["plural"]!,
            (string)spec["names"]!["kind"]!,
            (string)spec["scope"]! == "Namespaced"
        )
        {
            ShortNames = [.. spec["names"]!["shortNames"]!.AsArray().Select(name => (string)name!)],
            HasStatus = version["subresources"]?["status"] is not null,
            Schema = version["schema"]!["openAPIV3Schema"]!.DeepClone().AsObject(),
            Columns = [.. version["additionalPrinterColumns"]!.AsArray().Select(column => column!.DeepClone().AsObject())],
        };
    }
}
