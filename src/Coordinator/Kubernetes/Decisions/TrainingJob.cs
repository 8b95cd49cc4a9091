using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>A TrainingJob as the API server holds it: what is decided by.</summary>
internal sealed record TrainingJob
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary>Of this object: another one of the same name has another.</summary>
    public required string Uid { get; init; }

    public required string ResourceVersion { get; init; }

    /// <summary>Grows with each change of the specification.</summary>
    public long Generation { get; init; }

    /// <summary>Somebody has deleted it: it stays until its finalizers are gone.</summary>
    public bool Deleting { get; init; }

    public ImmutableArray<string> Finalizers { get; init; } = [];

    public required JsonObject Spec { get; init; }

    public required JsonObject Status { get; init; }

    /// <summary>namespace/name.</summary>
    public string Key => $"{Namespace}/{Name}";

    /// <summary>Reads an object.</summary>
    /// <exception cref="FormatException">It has no name, or no uid.</exception>
    public static TrainingJob Read(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var metadata = json["metadata"] as JsonObject ?? [];
        return new()
        {
            Namespace = Text(metadata, "namespace"),
            Name = Text(metadata, "name"),
            Uid = Text(metadata, "uid"),
            ResourceVersion = Text(metadata, "resourceVersion"),
            Generation = metadata["generation"] is JsonValue generation && generation.TryGetValue<long>(out var number) ? number : 0,
            Deleting = metadata["deletionTimestamp"] is not null,
            Finalizers = metadata["finalizers"] is JsonArray finalizers
                ? [.. finalizers.Select(finalizer => finalizer!.GetValue<string>())]
                : [],
            Spec = json["spec"] as JsonObject ?? [],
            Status = json["status"] as JsonObject ?? [],
        };
    }

    /// <summary>A time as Kubernetes writes it.</summary>
    public static string TimeText(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Text(JsonObject metadata, string name) =>
        metadata[name] is JsonValue value && value.TryGetValue<string>(out var text)
            ? text
            : throw new FormatException($"a {Definition.TrainingJobNames.Kind} has no metadata.{name}");
}
