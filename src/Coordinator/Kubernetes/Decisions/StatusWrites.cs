using System.Text.Json.Nodes;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>Whether a status has to be written.</summary>
internal static class StatusWrites
{
    /// <summary>What changes with every step: not worth a write each time.</summary>
    private static readonly string[] s_progress =
    [
        "step",
        "epoch",
        "percent",
        "estimatedEnd",
        "remaining",
        "loss",
        "bestBleu",
        "bestStep",
        "reason",
    ];

    /// <summary>Whether it is worth a write now: at once where more than progress is new, else now and then.</summary>
    public static bool IsDue(Observed observed, TrainingJobStatus status, DateTimeOffset now, ReconcileOptions options)
    {
        var (before, after) = (observed.Item.Status, Normal(status.ToJson(observed.Item.Status, now)));
        return Differs(before, after, progress: false)
            || (
                Differs(before, after, progress: true) && !(observed.StatusWritten is { } written && now - written < options.StatusInterval)
            );
    }

    /// <summary>Whether an object says anything else.</summary>
    public static bool Differs(JsonObject before, TrainingJobStatus status, DateTimeOffset now) =>
        Differs(before, Normal(status.ToJson(before, now)), progress: false) || Differs(before, Normal(status.ToJson(before, now)), true);

    private static bool Differs(JsonObject before, JsonObject after, bool progress)
    {
        var names = before
            .Select(property => property.Key)
            .Union(after.Select(property => property.Key))
            .Where(name => name != "conditions");
        return names.Where(name => s_progress.Contains(name) == progress).Any(name => !JsonNode.DeepEquals(before[name], after[name]))
            || (!progress && ConditionsDiffer(before, after));
    }

    /// <summary>Conditions of others are theirs.</summary>
    private static bool ConditionsDiffer(JsonObject before, JsonObject after) =>
        after["conditions"]!
            .AsArray()
            .OfType<JsonObject>()
            .Any(condition =>
                !JsonNode.DeepEquals(Told(TrainingJobStatus.ConditionOf(before, (string)condition["type"]!)), Told(condition))
            );

    /// <summary>The words of a condition change with every step; whether it holds, and why, does not.</summary>
    private static JsonObject? Told(JsonObject? condition)
    {
        if (condition is null)
        {
            return null;
        }
        var told = condition.DeepClone().AsObject();
        if ((string?)told["type"] != "ChangesRefused")
        {
            told.Remove("message");
        }
        return told;
    }

    /// <summary>Numbers as they come back.</summary>
    private static JsonObject Normal(JsonObject json) => JsonNode.Parse(json.ToJsonString())!.AsObject();
}
