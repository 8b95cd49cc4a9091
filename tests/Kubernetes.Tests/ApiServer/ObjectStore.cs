using System.Globalization;
using System.Text.Json.Nodes;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>What happened to an object.</summary>
internal sealed record Change(long Version, string Type, ResourceType Resource, JsonObject Item);

/// <summary>
/// Objects, each with the version of its last change, and the changes since some version: what etcd and the watch cache are to an API
/// server.
/// </summary>
internal sealed class ObjectStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, (ResourceType Type, JsonObject Item)> _items = new(StringComparer.Ordinal);
    private readonly List<Change> _changes = [];
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version = 100;
    private long _oldest = 100;

    /// <summary>The version of the last change of all.</summary>
    public long Version
    {
        get
        {
            lock (_gate)
            {
                return _version;
            }
        }
    }

    /// <summary>The object, which must not be changed; null: there is none.</summary>
    public JsonObject? Find(ResourceType type, string ns, string name)
    {
        lock (_gate)
        {
            return _items.TryGetValue(Key(type, ns, name), out var found) ? found.Item : null;
        }
    }

    /// <summary>All of a type, in one namespace or all, with the version that they have together.</summary>
    public (IReadOnlyList<JsonObject> Items, long Version) List(ResourceType type, string ns)
    {
        lock (_gate)
        {
            return (
                [
                    .. _items
                        .Values.Where(item => Same(item.Type, type) && (ns.Length == 0 || Of(item.Item, "namespace") == ns))
                        .Select(item => item.Item),
                ],
                _version
            );
        }
    }

    /// <summary>Makes an object.</summary>
    public JsonObject Add(ResourceType type, JsonObject item, DateTimeOffset now)
    {
        lock (_gate)
        {
            var key = Key(type, Of(item, "namespace"), Of(item, "name"));
            if (_items.ContainsKey(key))
            {
                throw new ApiProblem(409, "AlreadyExists", $"{type.Plural} \"{Of(item, "name")}\" already exists");
            }
            var metadata = item["metadata"]!.AsObject();
            metadata["uid"] = Guid.NewGuid().ToString();
            metadata["creationTimestamp"] = Time(now);
            if (type.Schema is not null)
            {
                metadata["generation"] = 1L;
            }
            return Put(key, type, item, "ADDED");
        }
    }

    /// <summary>Puts another in an object's place.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="item">As it is to be.</param>
    /// <param name="change">Makes the new one of the present one, which it must not change.</param>
    public JsonObject Update(ResourceType type, (string Namespace, string Name) item, Func<JsonObject, JsonObject> change)
    {
        lock (_gate)
        {
            var key = Key(type, item.Namespace, item.Name);
            if (!_items.TryGetValue(key, out var present))
            {
                throw ApiProblem.NotFound(type, item.Name);
            }
            var next = change(present.Item);
            if (Of(next, "resourceVersion") is { Length: > 0 } seen && seen != Of(present.Item, "resourceVersion"))
            {
                throw ApiProblem.Conflict(item.Name);
            }
            if (Of(next, "uid") is { Length: > 0 } uid && uid != Of(present.Item, "uid"))
            {
                throw new ApiProblem(
                    409,
                    "Conflict",
                    $"Precondition failed: UID in precondition: {uid}, UID in object meta: {Of(present.Item, "uid")}"
                );
            }
            var metadata = next["metadata"]!.AsObject();
            foreach (var name in (string[])["uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp"])
            {
                metadata.Remove(name);
                if (present.Item["metadata"]![name] is { } kept)
                {
                    metadata[name] = kept.DeepClone();
                }
            }
            if (JsonNode.DeepEquals(next, present.Item))
            {
                return present.Item;
            }
            if (type.Schema is not null && !JsonNode.DeepEquals(next["spec"], present.Item["spec"]))
            {
                metadata["generation"] = (long)present.Item["metadata"]!["generation"]! + 1;
            }
            return metadata["deletionTimestamp"] is not null && metadata["finalizers"] is not JsonArray { Count: > 0 }
                ? Remove(key, type, next)
                : Put(key, type, next, "MODIFIED");
        }
    }

    /// <summary>Deletes an object, or marks it where finalizers hold it.</summary>
    public JsonObject Delete(ResourceType type, string ns, string name, string? uid, DateTimeOffset now)
    {
        lock (_gate)
        {
            var key = Key(type, ns, name);
            if (!_items.TryGetValue(key, out var present))
            {
                throw ApiProblem.NotFound(type, name);
            }
            if (uid is not null && uid != Of(present.Item, "uid"))
            {
                throw new ApiProblem(409, "Conflict", $"Precondition failed: UID in precondition: {uid}");
            }
            var next = present.Item.DeepClone().AsObject();
            var metadata = next["metadata"]!.AsObject();
            if (metadata["finalizers"] is not JsonArray { Count: > 0 })
            {
                return Remove(key, type, next);
            }
            if (metadata["deletionTimestamp"] is not null)
            {
                return present.Item;
            }
            metadata["deletionTimestamp"] = Time(now);
            metadata["deletionGracePeriodSeconds"] = 0;
            return Put(key, type, next, "MODIFIED");
        }
    }

    /// <summary>Changes of a type after a version, and what is told of the next.</summary>
    public (IReadOnlyList<Change> Changes, Task Next, long Version) After(ResourceType type, string ns, long version)
    {
        lock (_gate)
        {
            if (version < _oldest)
            {
                throw ApiProblem.Expired(version, _oldest);
            }
            var changes = _changes.Where(change =>
                change.Version > version && Same(change.Resource, type) && (ns.Length == 0 || Of(change.Item, "namespace") == ns)
            );
            return ([.. changes], _next.Task, _version);
        }
    }

    /// <summary>Forgets all changes: who watches from an older version gets 410.</summary>
    public void Compact()
    {
        lock (_gate)
        {
            _changes.Clear();
            _oldest = ++_version;
            Tell();
        }
    }

    public static string Of(JsonObject item, string name) => (string?)item["metadata"]?[name] ?? "";

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private JsonObject Put(string key, ResourceType type, JsonObject item, string change)
    {
        item["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        _items[key] = (type, item);
        _changes.Add(new(_version, change, type, item));
        Tell();
        return item;
    }

    private JsonObject Remove(string key, ResourceType type, JsonObject item)
    {
        item["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        _items.Remove(key);
        _changes.Add(new(_version, "DELETED", type, item));
        Tell();
        return item;
    }

    private void Tell()
    {
        _next.TrySetResult();
        _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static bool Same(ResourceType a, ResourceType b) => (a.Group, a.Plural) == (b.Group, b.Plural);

    private static string Key(ResourceType type, string ns, string name) => $"{type.Group}/{type.Plural}/{ns}/{name}";
}
