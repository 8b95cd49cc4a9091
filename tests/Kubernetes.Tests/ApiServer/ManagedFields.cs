using System.Text.Json.Nodes;

namespace TrainingCluster.Kubernetes.Tests.ApiServer;

/// <summary>Who has written which fields of an object, and what follows from it when somebody applies some.</summary>
internal sealed class ManagedFields(ResourceType type, DateTimeOffset now)
{
    /// <summary>Server-side apply: fields that the manager had and gives no more are taken away, those of others are not touched.</summary>
    /// <exception cref="ApiProblem">409: another has a field, and gave it another value.</exception>
    public JsonObject Apply(JsonObject present, JsonObject applied, string manager, bool force, string subresource)
    {
        var result = present.DeepClone().AsObject();
        var entries = Entries(result);
        var wanted = FieldSet.Leaves(type.Schema, applied);
        var have = FieldSet.Leaves(type.Schema, present);
        var own = entries.FirstOrDefault(entry =>
            entry.Manager == manager && entry.Operation == "Apply" && entry.Subresource == subresource
        );
        var conflicts = entries
            .Where(entry => entry != own)
            .SelectMany(entry =>
                entry
                    .Paths.Where(wanted.ContainsKey)
                    .Where(path => !JsonNode.DeepEquals(wanted[path], have.GetValueOrDefault(path)))
                    .Select(path => (Entry: entry, Path: path))
            )
            .ToList();
        if (conflicts.Count > 0 && !force)
        {
            throw Conflict(conflicts.Select(conflict => (conflict.Entry.Manager, conflict.Path)));
        }
        foreach (var (entry, path) in conflicts)
        {
            entry.Paths.Remove(path);
        }
        foreach (var path in own?.Paths.Where(path => !wanted.ContainsKey(path)) ?? [])
        {
            if (!entries.Any(entry => entry != own && entry.Paths.Contains(path)))
            {
                FieldSet.Remove(result, path);
            }
        }
        foreach (var (path, value) in wanted)
        {
            if (!have.ContainsKey(path) || !JsonNode.DeepEquals(have[path], value))
            {
                FieldSet.Set(result, path, value);
            }
        }
        var applies = new Entry(manager, "Apply", subresource, [.. wanted.Keys]) { Time = own?.Time, Before = own?.Before ?? [] };
        Write(result, [.. entries.Where(entry => entry != own), applies]);
        return result;
    }

    /// <summary>Any other write: what it changes belongs to the writer from then on.</summary>
    public void Update(JsonObject before, JsonObject after, string manager, string subresource)
    {
        var entries = Entries(after);
        var (old, fresh) = (FieldSet.Leaves(type.Schema, before), FieldSet.Leaves(type.Schema, after));
        var changed = fresh
            .Where(leaf => !old.ContainsKey(leaf.Key) || !JsonNode.DeepEquals(old[leaf.Key], leaf.Value))
            .Select(leaf => leaf.Key)
            .ToList();
        foreach (var entry in entries)
        {
            entry.Paths.RemoveWhere(path => changed.Contains(path) || !fresh.ContainsKey(path));
        }
        if (changed.Count > 0)
        {
            var own = entries.FirstOrDefault(e => e.Manager == manager && e.Operation == "Update" && e.Subresource == subresource);
            if (own is null)
            {
                entries.Add(own = new Entry(manager, "Update", subresource, []));
            }
            own.Paths.UnionWith(changed);
        }
        Write(after, entries);
    }

    private void Write(JsonObject item, IEnumerable<Entry> entries) =>
        item["metadata"]!["managedFields"] = new JsonArray([.. entries.Where(entry => entry.Paths.Count > 0).Select(ToJson)]);

    private JsonObject ToJson(Entry entry)
    {
        var json = new JsonObject
        {
            ["manager"] = entry.Manager,
            ["operation"] = entry.Operation,
            ["apiVersion"] = type.ApiVersion,
            ["time"] = entry.Time is { } time && entry.Before.SetEquals(entry.Paths) ? time : ObjectStore.Time(now),
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = FieldSet.ToFieldsV1(entry.Paths),
        };
        if (entry.Subresource.Length > 0)
        {
            json["subresource"] = entry.Subresource;
        }
        return json;
    }

    private static List<Entry> Entries(JsonObject item) =>
        [
            .. (item["metadata"]!["managedFields"] as JsonArray ?? [])
                .OfType<JsonObject>()
                .Select(entry => new Entry(
                    (string)entry["manager"]!,
                    (string)entry["operation"]!,
                    (string?)entry["subresource"] ?? "",
                    FieldSet.FromFieldsV1(entry["fieldsV1"]!.AsObject())
                )
                {
                    Time = (string?)entry["time"],
                    Before = FieldSet.FromFieldsV1(entry["fieldsV1"]!.AsObject()),
                }),
        ];

    private static ApiProblem Conflict(IEnumerable<(string Manager, string Path)> conflicts)
    {
        var all = conflicts.Select(conflict => (conflict.Manager, Field: Shown(conflict.Path))).ToList();
        return new(
            409,
            "Conflict",
            $"Apply failed with {all.Count} conflict{(all.Count > 1 ? "s" : "")}: conflict with \"{all[0].Manager}\": {all[0].Field}",
            new JsonObject
            {
                ["causes"] = new JsonArray([
                    .. all.Select(conflict => new JsonObject
                    {
                        ["reason"] = "FieldManagerConflict",
                        ["message"] = $"conflict with \"{conflict.Manager}\"",
                        ["field"] = conflict.Field,
                    }),
                ]),
            }
        );
    }

    private static string Shown(string path) =>
        string.Concat(path.Split('\n').Select(part => part[0] == 'f' ? $".{part[2..]}" : $"[{part[2..]}]"));

    private sealed record Entry(string Manager, string Operation, string Subresource, HashSet<string> Paths)
    {
        /// <summary>When it was written last; null: now.</summary>
        public string? Time { get; init; }

        public HashSet<string> Before { get; init; } = [];
    }
}
