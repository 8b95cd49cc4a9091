using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>
/// What an API server does with an object of a custom resource: it finds fields that the schema has not, prunes them, fills in
/// defaults, and validates values and rules. As apiextensions.k8s.io/v1 says it.
/// </summary>
internal static class StructuralSchema
{
    /// <summary>Paths of fields that the schema does not have; takes them away.</summary>
    public static IReadOnlyList<string> Prune(JsonObject schema, JsonObject item)
    {
        var unknown = new List<string>();
        Prune(schema, item, "", unknown);
        return unknown;
    }

    /// <summary>Fills in what was left out.</summary>
    public static void Default(JsonObject schema, JsonNode item)
    {
        if (item is JsonObject map && schema["properties"] is JsonObject properties)
        {
            foreach (var (name, property) in properties)
            {
                if (!map.ContainsKey(name) && property!["default"] is { } value)
                {
                    map[name] = value.DeepClone();
                }
                if (map[name] is { } child)
                {
                    Default(property!.AsObject(), child);
                }
            }
        }
        else if (item is JsonArray list && schema["items"] is JsonObject items)
        {
            foreach (var child in list.OfType<JsonNode>())
            {
                Default(items, child);
            }
        }
    }

    /// <summary>Everything that is wrong with an object.</summary>
    public static IReadOnlyList<(string Field, string Message)> Validate(JsonObject schema, JsonNode item, JsonNode? before)
    {
        var problems = new List<(string, string)>();
        Values(schema, item, "", problems);
        if (problems.Count == 0)
        {
            // Rules are asked of what is right in itself, as the API server does.
            Rules(schema, item, before, "", problems);
        }
        return problems;
    }

    private static void Prune(JsonObject schema, JsonNode? item, string path, List<string> unknown)
    {
        switch (item)
        {
            case JsonObject map when schema["properties"] is JsonObject properties:
                foreach (var name in map.Select(property => property.Key).ToList())
                {
                    var at = path.Length == 0 ? name : $"{path}.{name}";
                    if (properties[name] is JsonObject property)
                    {
                        Prune(property, map[name], at, unknown);
                    }
                    else
                    {
                        unknown.Add(at);
                        map.Remove(name);
                    }
                }
                break;
            case JsonArray list when schema["items"] is JsonObject items:
                for (var i = 0; i < list.Count; i++)
                {
                    Prune(items, list[i], $"{path}[{i}]", unknown);
                }
                break;
        }
    }

    private static void Values(JsonObject schema, JsonNode? item, string path, List<(string, string)> problems)
    {
        if (item is null)
        {
            problems.Add((path, "Invalid value: \"null\": must not be null"));
            return;
        }
        var type = (string?)schema["type"];
        if (!Is(type, item))
        {
            problems.Add((path, $"Invalid value: \"{item.GetValueKind()}\": must be of type {type}"));
            return;
        }
        if (item is JsonObject map)
        {
            foreach (
                var name in (schema["required"] as JsonArray ?? []).Select(name => (string)name!).Where(name => !map.ContainsKey(name))
            )
            {
                problems.Add((path.Length == 0 ? name : $"{path}.{name}", "Required value"));
            }
            foreach (var (name, value) in map)
            {
                if (schema["properties"]?[name] is JsonObject property)
                {
                    Values(property, value, path.Length == 0 ? name : $"{path}.{name}", problems);
                }
            }
        }
        else if (item is JsonArray list && schema["items"] is JsonObject items)
        {
            for (var i = 0; i < list.Count; i++)
            {
                Values(items, list[i], $"{path}[{i}]", problems);
            }
        }
        else
        {
            Scalar(schema, item.AsValue(), path, problems);
        }
    }

    private static void Scalar(JsonObject schema, JsonValue item, string path, List<(string, string)> problems)
    {
        if (schema["enum"] is JsonArray choices && !choices.Any(choice => JsonNode.DeepEquals(choice, item)))
        {
            var supported = string.Join(", ", choices.Select(choice => choice!.ToJsonString()));
            problems.Add((path, $"Unsupported value: {item.ToJsonString()}: supported values: {supported}"));
        }
        if (item.GetValueKind() == JsonValueKind.Number)
        {
            var number = double.Parse(item.ToJsonString(), CultureInfo.InvariantCulture);
            var (least, above) = ((double?)schema["minimum"], (bool?)schema["exclusiveMinimum"] ?? false);
            var (most, below) = ((double?)schema["maximum"], (bool?)schema["exclusiveMaximum"] ?? false);
            if (number < least || (above && number <= least))
            {
                problems.Add(
                    (path, $"Invalid value: {item.ToJsonString()}: should be greater than {(above ? "" : "or equal to ")}{least}")
                );
            }
            if (number > most || (below && number >= most))
            {
                problems.Add((path, $"Invalid value: {item.ToJsonString()}: should be less than {(below ? "" : "or equal to ")}{most}"));
            }
        }
        else if (item.GetValueKind() == JsonValueKind.String)
        {
            var text = item.GetValue<string>();
            if (text.Length < ((int?)schema["minLength"] ?? 0) || text.Length > ((int?)schema["maxLength"] ?? int.MaxValue))
            {
                problems.Add((path, $"Invalid value: \"{text}\": has {text.Length} characters"));
            }
            if ((string?)schema["pattern"] is { } pattern && !Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant))
            {
                problems.Add((path, $"Invalid value: \"{text}\": should match '{pattern}'"));
            }
            if ((string?)schema["format"] == "date-time" && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _))
            {
                problems.Add((path, $"Invalid value: \"{text}\": must be of type date-time"));
            }
        }
    }

    private static bool Is(string? type, JsonNode item) =>
        type switch
        {
            "object" => item is JsonObject,
            "array" => item is JsonArray,
            "string" => item.GetValueKind() == JsonValueKind.String,
            "boolean" => item.GetValueKind() is JsonValueKind.True or JsonValueKind.False,
            "number" => item.GetValueKind() == JsonValueKind.Number,
            "integer" => item.GetValueKind() == JsonValueKind.Number
                && long.TryParse(item.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            _ => true,
        };

    private static void Rules(JsonObject schema, JsonNode? item, JsonNode? before, string path, List<(string, string)> problems)
    {
        if (item is null)
        {
            return;
        }
        foreach (var rule in (schema["x-kubernetes-validations"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var text = (string)rule["rule"]!;
            // Rules of a change are asked only where there was a value before.
            if (text.Contains("oldSelf", StringComparison.Ordinal) && before is null)
            {
                continue;
            }
            if (!CelRule.Holds(text, item, before))
            {
                problems.Add((path, $"Invalid value: {(string)rule["message"]!}"));
            }
        }
        if (item is JsonObject map && schema["properties"] is JsonObject properties)
        {
            foreach (var (name, property) in properties)
            {
                Rules(property!.AsObject(), map[name], (before as JsonObject)?[name], path.Length == 0 ? name : $"{path}.{name}", problems);
            }
        }
    }
}
