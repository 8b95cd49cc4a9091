using System.Text.Json.Nodes;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>
/// Fields of an object by their paths, as managed fields name them: <c>f:status</c>, <c>k:{"type":"Queued"}</c>, <c>v:"x"</c>. A list is
/// one value, unless its schema says that it is a map or a set.
/// </summary>
internal static class FieldSet
{
    private static readonly string[] s_unmanaged =
    [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
    ];

    /// <summary>Every leaf of an object that somebody can own.</summary>
    public static IReadOnlyDictionary<string, JsonNode?> Leaves(JsonObject? schema, JsonObject item)
    {
        var leaves = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var (name, value) in item.Where(property => property.Key is not ("apiVersion" or "kind")))
        {
            if (name == "metadata")
            {
                foreach (var (field, content) in value!.AsObject().Where(property => !s_unmanaged.Contains(property.Key)))
                {
                    Walk(Metadata(field), content, $"f:metadata\nf:{field}", leaves);
                }
            }
            else
            {
                Walk(schema?["properties"]?[name] as JsonObject, value, $"f:{name}", leaves);
            }
        }
        return leaves;
    }

    /// <summary>Writes a leaf of another object into this one.</summary>
    public static void Set(JsonObject item, string path, JsonNode? value)
    {
        JsonNode at = item;
        var parts = path.Split('\n');
        for (var i = 0; i < parts.Length; i++)
        {
            var last = i == parts.Length - 1;
            var (kind, name) = (parts[i][0], parts[i][2..]);
            switch (kind)
            {
                case 'f' when last:
                    at.AsObject()[name] = value?.DeepClone();
                    break;
                case 'f':
                    at = at.AsObject()[name] ??= parts[i + 1][0] == 'f' ? (JsonNode)new JsonObject() : new JsonArray();
                    break;
                case 'v':
                    at.AsArray().Add(JsonNode.Parse(name));
                    break;
                default:
                    at = ItemOf(at.AsArray(), name, make: true)!;
                    break;
            }
        }
    }

    /// <summary>Takes a leaf away, and what becomes empty by that.</summary>
    public static void Remove(JsonObject item, string path) => Remove(item, path.Split('\n'));

    /// <summary>The set as managed fields write it.</summary>
    public static JsonObject ToFieldsV1(IEnumerable<string> paths)
    {
        var root = new JsonObject();
        foreach (var path in paths.Order(StringComparer.Ordinal))
        {
            var at = root;
            foreach (var part in path.Split('\n'))
            {
                at = (at[part] ??= new JsonObject()).AsObject();
            }
        }
        return root;
    }

    /// <summary>The other way round.</summary>
    public static HashSet<string> FromFieldsV1(JsonObject fields)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        Collect(fields, "", paths);
        return paths;
    }

    private static void Collect(JsonObject at, string path, HashSet<string> paths)
    {
        if (at.Count == 0 && path.Length > 0)
        {
            paths.Add(path);
        }
        foreach (var (name, child) in at)
        {
            Collect(child!.AsObject(), path.Length == 0 ? name : $"{path}\n{name}", paths);
        }
    }

    private static void Walk(JsonObject? schema, JsonNode? value, string path, Dictionary<string, JsonNode?> leaves)
    {
        var keys = (schema?["x-kubernetes-list-map-keys"] as JsonArray)?.Select(key => (string)key!).ToList();
        switch (value)
        {
            case JsonObject { Count: > 0 } map:
                foreach (var (name, child) in map)
                {
                    Walk(schema?["properties"]?[name] as JsonObject, child, $"{path}\nf:{name}", leaves);
                }
                break;
            case JsonArray list when keys is not null:
                foreach (var child in list.OfType<JsonObject>())
                {
                    var key = new JsonObject(keys.Select(name => KeyValuePair.Create(name, child[name]?.DeepClone())));
                    Walk(schema!["items"] as JsonObject, child, $"{path}\nk:{key.ToJsonString()}", leaves);
                }
                break;
            case JsonArray list when IsSet(schema):
                foreach (var child in list)
                {
                    leaves[$"{path}\nv:{child!.ToJsonString()}"] = child;
                }
                break;
            default:
                leaves[path] = value;
                break;
        }
    }

    private static bool IsSet(JsonObject? schema) => (string?)schema?["x-kubernetes-list-type"] == "set";

    private static JsonObject? Metadata(string field) =>
        field == "finalizers" ? new JsonObject { ["x-kubernetes-list-type"] = "set" } : null;

    private static bool Remove(JsonNode at, ReadOnlySpan<string> parts)
    {
        var (kind, name) = (parts[0][0], parts[0][2..]);
        if (kind == 'v')
        {
            var list = at.AsArray();
            list.Remove(list.FirstOrDefault(value => value!.ToJsonString() == name));
            return list.Count == 0;
        }
        if (kind == 'k')
        {
            var list = at.AsArray();
            if (ItemOf(list, name, make: false) is { } found && Remove(found, parts[1..]))
            {
                list.Remove(found);
            }
            return list.Count == 0;
        }
        var map = at.AsObject();
        if (map[name] is { } child && (parts.Length == 1 || Remove(child, parts[1..])))
        {
            map.Remove(name);
        }
        return map.Count == 0;
    }

    private static JsonObject? ItemOf(JsonArray list, string key, bool make)
    {
        var wanted = JsonNode.Parse(key)!.AsObject();
        var found = list.OfType<JsonObject>().FirstOrDefault(item => wanted.All(part => JsonNode.DeepEquals(item[part.Key], part.Value)));
        if (found is null && make)
        {
            found = wanted.DeepClone().AsObject();
            list.Add(found);
        }
        return found;
    }
}
