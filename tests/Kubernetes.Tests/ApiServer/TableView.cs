using System.Text.Json.Nodes;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>Objects as the table that <c>kubectl get</c> asks for.</summary>
internal static class TableView
{
    public static JsonObject Of(ResourceType type, IReadOnlyList<JsonObject> items, long version, DateTimeOffset now) =>
        new()
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = new JsonObject { ["resourceVersion"] = $"{version}" },
            ["columnDefinitions"] = new JsonArray([
                Definition("Name", "string", "name", "Name must be unique within a namespace.", 0),
                .. type.Columns.Select(column =>
                    Definition((string)column["name"]!, (string)column["type"]!, "", "", (int?)column["priority"] ?? 0)
                ),
            ]),
            ["rows"] = new JsonArray([
                .. items.Select(item => new JsonObject
                {
                    ["cells"] = new JsonArray([ObjectStore.Of(item, "name"), .. type.Columns.Select(column => Cell(item, column, now))]),
                    ["object"] = new JsonObject
                    {
                        ["kind"] = "PartialObjectMetadata",
                        ["apiVersion"] = "meta.k8s.io/v1",
                        ["metadata"] = item["metadata"]!.DeepClone(),
                    },
                }),
            ]),
        };

    private static JsonObject Definition(string name, string type, string format, string description, int priority) =>
        new()
        {
            ["name"] = name,
            ["type"] = type,
            ["format"] = format,
            ["description"] = description,
            ["priority"] = priority,
        };

    private static JsonNode? Cell(JsonObject item, JsonObject column, DateTimeOffset now)
    {
        JsonNode? at = item;
        foreach (var name in ((string)column["jsonPath"]!).Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            at = at?[name];
        }
        // As the API server does it: a date is shown as an age.
        return at is not null && (string)column["type"]! == "date"
            ? $"{(now - DateTimeOffset.Parse((string)at!, System.Globalization.CultureInfo.InvariantCulture)).TotalSeconds:0}s"
            : at?.DeepClone();
    }
}
