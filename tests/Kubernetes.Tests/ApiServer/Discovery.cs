using System.Text.Json.Nodes;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>What the server says of its types: discovery in both forms, and OpenAPI v3.</summary>
internal static class Discovery
{
    private static readonly string[] s_verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];

    public static JsonObject Versions() =>
        new()
        {
            ["kind"] = "APIVersions",
            ["versions"] = new JsonArray("v1"),
            ["serverAddressByClientCIDRs"] = new JsonArray(),
        };

    public static JsonObject Groups(IEnumerable<ResourceType> types) =>
        new()
        {
            ["kind"] = "APIGroupList",
            ["apiVersion"] = "v1",
            ["groups"] = new JsonArray([
                .. types
                    .Where(type => type.Group.Length > 0)
                    .DistinctBy(type => type.ApiVersion)
                    .Select(type => new JsonObject
                    {
                        ["name"] = type.Group,
                        ["versions"] = new JsonArray(Version(type)),
                        ["preferredVersion"] = Version(type),
                    }),
            ]),
        };

    public static JsonObject Resources(string apiVersion, IEnumerable<ResourceType> types) =>
        new()
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = apiVersion,
            ["resources"] = new JsonArray([.. types.Where(type => type.ApiVersion == apiVersion).SelectMany(Resources)]),
        };

    /// <summary>All at once (APIGroupDiscoveryList), for one of the two roots.</summary>
    public static JsonObject Aggregated(IEnumerable<ResourceType> types, bool core) =>
        new()
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = "apidiscovery.k8s.io/v2",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([
                .. types
                    .Where(type => type.Group.Length == 0 == core)
                    .GroupBy(type => type.Group)
                    .Select(group => new JsonObject
                    {
                        ["metadata"] = new JsonObject { ["name"] = group.Key },
                        ["versions"] = new JsonArray(
                            new JsonObject
                            {
                                ["version"] = group.First().Version,
                                ["freshness"] = "Current",
                                ["resources"] = new JsonArray([.. group.Select(Aggregated)]),
                            }
                        ),
                    }),
            ]),
        };

    /// <summary>Where the schemas of each group and version are.</summary>
    public static JsonObject Paths(IEnumerable<ResourceType> types, long version) =>
        new()
        {
            ["paths"] = new JsonObject(
                types
                    .DistinctBy(type => type.Root)
                    .Select(type =>
                        KeyValuePair.Create(
                            type.Root,
                            (JsonNode?)new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{type.Root}?hash={version}" }
                        )
                    )
            ),
        };

    /// <summary>The schemas of one group and version.</summary>
    public static JsonObject OpenApi(IReadOnlyList<ResourceType> types)
    {
        var (paths, schemas) = (new JsonObject(), new JsonObject());
        foreach (var type in types)
        {
            var kind = new JsonObject
            {
                ["group"] = type.Group,
                ["kind"] = type.Kind,
                ["version"] = type.Version,
            };
            var schema = type.Schema?.DeepClone().AsObject() ?? new JsonObject { ["type"] = "object" };
            schema["x-kubernetes-group-version-kind"] = new JsonArray(kind.DeepClone());
            schemas[$"{string.Join('.', type.Group.Split('.').AsEnumerable().Reverse())}.{type.Version}.{type.Kind}"] = schema;
            var place = type.Namespaced ? $"/{type.Root}/namespaces/{{namespace}}/{type.Plural}" : $"/{type.Root}/{type.Plural}";
            paths[$"{place}/{{name}}"] = new JsonObject
            {
                ["patch"] = new JsonObject
                {
                    ["parameters"] = new JsonArray([
                        .. ((string[])["dryRun", "fieldManager", "fieldValidation", "force"]).Select(Parameter),
                    ]),
                    ["x-kubernetes-action"] = "patch",
                    ["x-kubernetes-group-version-kind"] = kind,
                    ["responses"] = new JsonObject(),
                },
            };
        }
        return new()
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "v1.32.0" },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas },
        };
    }

    private static JsonNode Parameter(string name) =>
        new JsonObject
        {
            ["name"] = name,
            ["in"] = "query",
            ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true },
        };

    private static JsonObject Version(ResourceType type) => new() { ["groupVersion"] = type.ApiVersion, ["version"] = type.Version };

    private static IEnumerable<JsonObject> Resources(ResourceType type)
    {
        yield return Resource(type.Plural, type.Singular, type.ShortNames, s_verbs);
        foreach (var sub in Subresources(type))
        {
            yield return Resource($"{type.Plural}/{sub}", "", [], ["get", "patch", "update"]);
        }

        JsonObject Resource(string name, string singular, IEnumerable<string> shortNames, IEnumerable<string> verbs) =>
            new()
            {
                ["name"] = name,
                ["singularName"] = singular,
                ["namespaced"] = type.Namespaced,
                ["kind"] = type.Kind,
                ["verbs"] = Array(verbs),
                ["shortNames"] = Array(shortNames),
            };
    }

    private static JsonObject Aggregated(ResourceType type) =>
        new()
        {
            ["resource"] = type.Plural,
            ["responseKind"] = Kind(type),
            ["scope"] = type.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = type.Singular,
            ["shortNames"] = Array(type.ShortNames),
            ["verbs"] = Array(s_verbs),
            ["subresources"] = new JsonArray([
                .. Subresources(type)
                    .Select(sub => new JsonObject
                    {
                        ["subresource"] = sub,
                        ["responseKind"] = Kind(type),
                        ["verbs"] = Array(["get", "patch", "update"]),
                    }),
            ]),
        };

    private static JsonObject Kind(ResourceType type) =>
        new()
        {
            ["group"] = type.Group,
            ["version"] = type.Version,
            ["kind"] = type.Kind,
        };

    private static IEnumerable<string> Subresources(ResourceType type) =>
        new[] { type.HasStatus ? "status" : "", type.HasScale ? "scale" : "" }.Where(sub => sub.Length > 0);

    private static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}
