using System.Text.Json.Nodes;

namespace TrainingCluster.Coordinator.Kubernetes.Decisions;

/// <summary>A condition of an object.</summary>
internal sealed record Condition(string Type, bool Holds, string Reason, string Message);

/// <summary>What a TrainingJob's status says. Null: not known, or none.</summary>
internal sealed record TrainingJobStatus
{
    public required string State { get; init; }

    public required string Reason { get; init; }

    public required IReadOnlyList<Condition> Conditions { get; init; }

    public long ObservedGeneration { get; init; }

    public string? JobId { get; init; }

    public string? DatasetFingerprint { get; init; }

    public DateTimeOffset? StartTime { get; init; }

    public DateTimeOffset? CompletionTime { get; init; }

    public long? Step { get; init; }

    public long? TotalSteps { get; init; }

    public long? Epoch { get; init; }

    public long? Percent { get; init; }

    public DateTimeOffset? EstimatedEnd { get; init; }

    public string? Remaining { get; init; }

    public double? Loss { get; init; }

    public double? BestBleu { get; init; }

    public long? BestStep { get; init; }

    public long? Workers { get; init; }

    public long? Generation { get; init; }

    public long Recoveries { get; init; }

    public long StepsLost { get; init; }

    public long? CheckpointStep { get; init; }

    public string? WeightsSha256 { get; init; }

    public string? Model { get; init; }

    public string? EventToken { get; init; }

    /// <summary>As the API server takes it.</summary>
    /// <param name="before">What it says now: conditions that have not changed keep their time.</param>
    /// <param name="now">The time of those that have.</param>
    public JsonObject ToJson(JsonObject before, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(before);
        var json = new JsonObject
        {
            ["observedGeneration"] = ObservedGeneration,
            ["state"] = State,
            ["reason"] = Reason,
            ["conditions"] = new JsonArray([.. Conditions.Select(condition => ToJson(condition, before, now))]),
            ["recoveries"] = Recoveries,
            ["stepsLost"] = StepsLost,
        };
        Add("jobId", JobId);
        Add("datasetFingerprint", DatasetFingerprint);
        Add("startTime", StartTime is { } start ? TrainingJob.TimeText(start) : null);
        Add("completionTime", CompletionTime is { } end ? TrainingJob.TimeText(end) : null);
        Add("step", Step);
        Add("totalSteps", TotalSteps);
        Add("epoch", Epoch);
        Add("percent", Percent);
        Add("estimatedEnd", EstimatedEnd is { } estimate ? TrainingJob.TimeText(estimate) : null);
        Add("remaining", Remaining);
        Add("loss", Loss);
        Add("bestBleu", BestBleu);
        Add("bestStep", BestStep);
        Add("workers", Workers);
        Add("generation", Generation);
        Add("checkpointStep", CheckpointStep);
        Add("weightsSha256", WeightsSha256);
        Add("model", Model);
        Add("eventToken", EventToken);
        return json;

        void Add(string name, JsonNode? value)
        {
            if (value is not null)
            {
                json[name] = value;
            }
        }
    }

    private JsonObject ToJson(Condition condition, JsonObject before, DateTimeOffset now)
    {
        var status = condition.Holds ? "True" : "False";
        var old = ConditionOf(before, condition.Type);
        return new()
        {
            ["type"] = condition.Type,
            ["status"] = status,
            ["observedGeneration"] = ObservedGeneration,
            ["lastTransitionTime"] = (string?)old?["status"] == status ? (string?)old["lastTransitionTime"] : TrainingJob.TimeText(now),
            ["reason"] = condition.Reason,
            ["message"] = condition.Message,
        };
    }

    /// <summary>A condition of a status; null: it has none of this type.</summary>
    public static JsonObject? ConditionOf(JsonObject status, string type) =>
        (status["conditions"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(condition => (string?)condition["type"] == type);
}
