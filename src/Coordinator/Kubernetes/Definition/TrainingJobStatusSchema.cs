using System.Text.Json.Nodes;

namespace TrainingCluster.Coordinator.Kubernetes.Definition;

/// <summary>The schema of a TrainingJob's status, and what <c>kubectl get</c> shows of it.</summary>
internal static class TrainingJobStatusSchema
{
    /// <summary>The columns of <c>kubectl get tj</c>; those with a priority of 1 come with <c>-o wide</c>.</summary>
    public static JsonArray Columns() =>
        [
            Column("State", "string", ".status.state"),
            Column("Step", "integer", ".status.step"),
            Column("Percent", "integer", ".status.percent"),
            Column("Loss", "number", ".status.loss"),
            Column("BLEU", "number", ".status.bestBleu"),
            Column("Workers", "integer", ".status.workers"),
            Column("End", "string", ".status.remaining"),
            Column("Recoveries", "integer", ".status.recoveries", 1),
            Column("Lost", "integer", ".status.stepsLost", 1),
            Column("Generation", "integer", ".status.generation", 1),
            Column("Weights", "string", ".status.weightsSha256", 1),
            Column("Reason", "string", ".status.reason", 1),
            Column("Age", "date", ".metadata.creationTimestamp"),
        ];

    /// <summary>The schema.</summary>
    public static JsonObject Create() =>
        new()
        {
            ["type"] = "object",
            ["description"] = "Where the job stands. The coordinator writes it.",
            ["properties"] = new JsonObject
            {
                ["observedGeneration"] = Integer("The generation of the object that this is said of."),
                ["state"] = Text("In one word: Pending, Queued, Running, Suspended, Complete or Failed."),
                ["reason"] = Text("Why it is in this state, for people."),
                ["conditions"] = Conditions(),
                ["jobId"] = Text("Id of the job in the coordinator: for './cluster get ID', watch, ledger, artifacts."),
                ["datasetFingerprint"] = Text("SHA-256 of the dataset that it trains on."),
                ["startTime"] = Time("When its first group of workers was called together."),
                ["completionTime"] = Time("When it ended."),
                ["step"] = Integer("The newest step that is done."),
                ["totalSteps"] = Integer("Steps in all, once they are known."),
                ["epoch"] = Integer("The epoch of the newest step, from 0."),
                ["percent"] = Integer("Of the steps."),
                ["estimatedEnd"] = Time("When it will be done at the present speed."),
                ["remaining"] = Text("Time until then, for people; of an ended job, how long it took."),
                ["loss"] = Number("Of the newest step, in nats a target token."),
                ["bestBleu"] = Number("The best BLEU of an evaluation."),
                ["bestStep"] = Integer("The step that had it."),
                ["workers"] = Integer("Workers that train it."),
                ["generation"] = Integer("Number of the group of workers that trains it."),
                ["recoveries"] = Integer("How often the group was made anew because a worker died, failed or was silent."),
                ["stepsLost"] = Integer("Steps that these have cost: they were done again."),
                ["checkpointStep"] = Integer("Step of the newest checkpoint that is stored."),
                ["weightsSha256"] = Text("SHA-256 of the final weights."),
                ["model"] = Text("How to get the model."),
                ["eventToken"] = Text("The last event of the job that Kubernetes was told."),
            },
        };

    private static JsonObject Conditions() =>
        new()
        {
            ["type"] = "array",
            ["description"] = "Queued, Running, Suspended, Complete, Failed, and ChangesRefused.",
            ["x-kubernetes-list-type"] = "map",
            ["x-kubernetes-list-map-keys"] = new JsonArray("type"),
            ["items"] = new JsonObject
            {
                ["type"] = "object",
                ["required"] = new JsonArray("type", "status", "lastTransitionTime", "reason", "message"),
                ["properties"] = new JsonObject
                {
                    ["type"] = Text("What is said."),
                    ["status"] = new JsonObject
                    {
                        ["type"] = "string",
                        ["description"] = "Whether it holds.",
                        ["enum"] = new JsonArray("True", "False", "Unknown"),
                    },
                    ["observedGeneration"] = Integer("The generation of the object that it is said of."),
                    ["lastTransitionTime"] = Time("Since when it is so."),
                    ["reason"] = Text("Why, in one word."),
                    ["message"] = Text("Why, for people."),
                },
            },
        };

    private static JsonObject Column(string name, string type, string path, int priority = 0)
    {
        var column = new JsonObject
        {
            ["name"] = name,
            ["type"] = type,
            ["jsonPath"] = path,
        };
        if (priority > 0)
        {
            column["priority"] = priority;
        }
        return column;
    }

    private static JsonObject Text(string description) => new() { ["type"] = "string", ["description"] = description };

    private static JsonObject Time(string description) =>
        new()
        {
            ["type"] = "string",
            ["description"] = description,
            ["format"] = "date-time",
        };

    private static JsonObject Integer(string description) =>
        new()
        {
            ["type"] = "integer",
            ["description"] = description,
            ["format"] = "int64",
        };

    private static JsonObject Number(string description) => new() { ["type"] = "number", ["description"] = description };
}
