using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TrainingCluster.Kubernetes.Tests.Manifests;

/// <summary>
/// The types of one version of Kubernetes, as its published OpenAPI document has them (<c>api/openapi-spec/swagger.json</c>). Objects are
/// held against them strictly: no field that is not there, none missing that must be, each of its type.
/// </summary>
internal sealed class OpenApiDefinitions
{
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private readonly JsonObject _definitions;
    private readonly Dictionary<string, JsonObject> _kinds = new(StringComparer.Ordinal);

    private OpenApiDefinitions(JsonObject definitions)
    {
        _definitions = definitions;
        foreach (var definition in definitions.Select(pair => pair.Value).OfType<JsonObject>())
        {
            // Definitions of many kinds at once are those of options of calls.
            if (definition["x-kubernetes-group-version-kind"] is JsonArray { Count: 1 } kinds)
            {
                var kind = kinds[0]!;
                var group = (string)kind["group"]!;
                _kinds[$"{(group.Length > 0 ? group + "/" : "")}{kind["version"]}/{kind["kind"]}"] = definition;
            }
        }
    }

    public static OpenApiDefinitions Read(string file) =>
        new(
            JsonNode.Parse(File.ReadAllText(file))!["definitions"]?.AsObject() ?? throw new InvalidDataException($"{file}: no definitions")
        );

    /// <summary>Everything that is wrong with an object.</summary>
    public IReadOnlyList<string> Check(JsonObject item)
    {
        var kind = $"{item["apiVersion"]}/{item["kind"]}";
        if (!_kinds.TryGetValue(kind, out var schema))
        {
            return [$"there is no {kind}"];
        }
        var problems = new List<string>();
        Check(schema, item, kind, problems);
        return problems;
    }

    private void Check(JsonObject schema, JsonNode? item, string path, List<string> problems)
    {
        if (item is null)
        {
            return;
        }
        if ((string?)schema["$ref"] is { } reference)
        {
            var name = reference[(reference.LastIndexOf('/') + 1)..];
            if (name != Quantity)
            {
                Check(_definitions[name]!.AsObject(), item, path, problems);
            }
            else if (item is not JsonValue)
            {
                problems.Add($"{path}: is no quantity");
            }
            return;
        }
        if ((string?)schema["format"] == "int-or-string" || (bool?)schema["x-kubernetes-int-or-string"] == true)
        {
            Require(item.GetValueKind() is JsonValueKind.Number or JsonValueKind.String, "is neither number nor text");
            return;
        }
        switch ((string?)schema["type"])
        {
            case "object" when item is JsonObject map:
                Map(schema, map, path, problems);
                break;
            case "array" when item is JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    Check(schema["items"]!.AsObject(), list[i], $"{path}[{i}]", problems);
                }
                break;
            case "string":
                Require(item.GetValueKind() == JsonValueKind.String, "is no text");
                break;
            case "boolean":
                Require(item.GetValueKind() is JsonValueKind.True or JsonValueKind.False, "is neither true nor false");
                break;
            case "integer":
                Require(
                    item.GetValueKind() == JsonValueKind.Number && long.TryParse(item.ToJsonString(), CultureInfo.InvariantCulture, out _),
                    "is no whole number"
                );
                break;
            case "number":
                Require(item.GetValueKind() == JsonValueKind.Number, "is no number");
                break;
            case null:
                break;
            case var type:
                problems.Add($"{path}: is no {type}");
                break;
        }

        void Require(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add($"{path}: {problem}");
            }
        }
    }

    private void Map(JsonObject schema, JsonObject map, string path, List<string> problems)
    {
        foreach (var name in (schema["required"] as JsonArray ?? []).Select(name => (string)name!).Where(name => map[name] is null))
        {
            problems.Add($"{path}.{name}: is missing");
        }
        var (properties, others) = (schema["properties"] as JsonObject, schema["additionalProperties"] as JsonObject);
        foreach (var (name, value) in map)
        {
            if ((properties?[name] as JsonObject ?? others) is { } one)
            {
                Check(one, value, $"{path}.{name}", problems);
            }
            else if (properties is not null)
            {
                problems.Add($"{path}.{name}: is no field");
            }
        }
    }
}
