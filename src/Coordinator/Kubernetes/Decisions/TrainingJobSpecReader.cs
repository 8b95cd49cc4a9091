using System.Text.Json.Nodes;
using TrainingCluster.Jobs;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>
/// Reads the specification of a TrainingJob strictly: the API server has held it against its definition, but that may be another
/// version's. What this program does not know is refused, not passed over.
/// </summary>
internal static class TrainingJobSpecReader
{
    private const int LongestName = 63;

    private static readonly string[] s_files = ["source", "target", "validSource", "validTarget"];

    /// <summary>Reads the specification of an object.</summary>
    public static TrainingJobSpec Read(TrainingJob item)
    {
        ArgumentNullException.ThrowIfNull(item);
        var spec = item.Spec.DeepClone().AsObject();
        var violations = new List<SpecViolation>();
        var managedBy = Take<string>(spec, "managedBy", "a text", violations) ?? "";
        var ttl = Seconds(spec, "ttlSecondsAfterFinished", violations);
        var deadline = Seconds(spec, "activeDeadlineSeconds", violations);
        foreach (var name in (string[])["name", "deadlineSeconds"])
        {
            if (spec.Remove(name))
            {
                violations.Add(
                    new(name, "", "is no known field", name == "name" ? "the object's own counts" : "use activeDeadlineSeconds")
                );
            }
        }
        var text = Text(spec, violations);
        var read = JobYaml.Parse(spec.ToJsonString());
        var job = read.Spec;
        job.Name = JobName(item.Name);
        if (deadline is { } most)
        {
            job.DeadlineSeconds = most;
        }
        violations.AddRange(read.Violations.Select(violation => violation with { Line = null }));
        return new()
        {
            Job = job,
            Text = text,
            ManagedBy = managedBy,
            Ttl = ttl is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Violations = violations,
        };
    }

    /// <summary>
    /// The job's name of an object: names of objects may have 253 characters and dots. That two get the same does no harm: ids differ.
    /// </summary>
    public static string JobName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var usable = name.Replace('.', '-');
        return (usable.Length > LongestName ? usable[..LongestName] : usable).Trim('-');
    }

    private static TextPlace? Text(JsonObject spec, List<SpecViolation> violations)
    {
        if (spec["dataset"] is not JsonObject dataset)
        {
            return null;
        }
        var configMap = Place(dataset, "configMap", violations);
        var volume = Place(dataset, "volume", violations);
        var named = new[] { dataset.ContainsKey("fingerprint"), configMap is not null, volume is not null }.Count(given => given);
        if (named != 1 && violations.Count == 0)
        {
            violations.Add(new("dataset", "", "names no data, or several", "give one of fingerprint, configMap and volume"));
        }
        var files = s_files.Where(dataset.ContainsKey).ToList();
        if (dataset.ContainsKey("fingerprint") && files.Count > 0)
        {
            violations.Add(new($"dataset.{files[0]}", "", "is given beside dataset.fingerprint", "give one of the two"));
        }
        return configMap is not null ? new(true, configMap)
            : volume is not null ? new(false, volume)
            : null;
    }

    private static string? Place(JsonObject dataset, string field, List<SpecViolation> violations)
    {
        if (!dataset.Remove(field, out var value))
        {
            return null;
        }
        if (
            value is JsonObject { Count: 1 } place
            && place["name"] is JsonValue given
            && given.TryGetValue<string>(out var name)
            && name.Length > 0
            && !name.Contains('/', StringComparison.Ordinal)
            && name is not ("." or "..")
        )
        {
            return name;
        }
        violations.Add(new($"dataset.{field}", value?.ToJsonString() ?? "", "is no reference", "give its name, and nothing else"));
        return null;
    }

    private static long? Seconds(JsonObject spec, string field, List<SpecViolation> violations)
    {
        if (!spec.Remove(field, out var value) || value is null)
        {
            return null;
        }
        var most = JobSettings.At("deadlineSeconds").Rules.Max;
        if (value is JsonValue number && number.TryGetValue<long>(out var seconds) && seconds >= 1 && seconds <= most)
        {
            return seconds;
        }
        violations.Add(new(field, value.ToJsonString(), "is out of range", $"give seconds, 1 to {SettingText.Format(most)}"));
        return null;
    }

    private static T? Take<T>(JsonObject spec, string field, string wanted, List<SpecViolation> violations)
        where T : class
    {
        if (!spec.Remove(field, out var value) || value is null)
        {
            return null;
        }
        if (value is JsonValue given && given.TryGetValue<T>(out var read))
        {
            return read;
        }
        violations.Add(new(field, value.ToJsonString(), "has the wrong type", $"write {wanted}"));
        return null;
    }
}
