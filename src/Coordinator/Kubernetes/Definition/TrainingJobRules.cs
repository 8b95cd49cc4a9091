using System.Text.Json.Nodes;
using TrainingCluster.Jobs;

namespace TrainingCluster.Coordinator.Kubernetes.Definition;

/// <summary>
/// Relations between fields in CEL, which the API server holds an object against: the same as <c>JobSpecValidator</c> has, and what may
/// not change any more. Defaults are filled in before a rule is asked.
/// </summary>
internal static class TrainingJobRules
{
    /// <summary>Characters of a text without a shorter limit of its own.</summary>
    public const int LongestText = 1024;

    /// <summary>What a job is made with: another value would be another job.</summary>
    private static readonly string[] s_fixed = ["dataset", "model", "training", "evaluation", "checkpoint", "seed", "retryLimit"];

    /// <summary>Adds the rules of a specification to its schema.</summary>
    public static void AddTo(JsonObject spec)
    {
        var properties = spec["properties"]!.AsObject();
        Dataset(properties["dataset"]!.AsObject());
        Model(properties["model"]!.AsObject());
        Training(properties["training"]!.AsObject());
        Evaluation(properties["evaluation"]!.AsObject());
        Workers(spec, properties["workers"]!.AsObject());
        foreach (var name in s_fixed)
        {
            Add(properties[name]!.AsObject(), "self == oldSelf", Immutable(name));
        }
        Add(spec, "has(self.managedBy) == has(oldSelf.managedBy)", Immutable("managedBy"));
        Add(properties["managedBy"]!.AsObject(), "self == oldSelf", Immutable("managedBy"));
        Add(
            spec,
            "has(self.activeDeadlineSeconds) == has(oldSelf.activeDeadlineSeconds)"
                + " && (!has(self.activeDeadlineSeconds) || self.activeDeadlineSeconds == oldSelf.activeDeadlineSeconds)",
            Immutable("activeDeadlineSeconds")
        );
    }

    /// <summary>Adds one rule to a schema.</summary>
    public static void Add(JsonObject schema, string rule, string message)
    {
        if (schema["x-kubernetes-validations"] is not JsonArray rules)
        {
            schema["x-kubernetes-validations"] = rules = [];
        }
        rules.Add(new JsonObject { ["rule"] = rule, ["message"] = message });
    }

    private static string Immutable(string name) =>
        $"{name} cannot change: suspend, priority, workers.max and ttlSecondsAfterFinished can; make a new TrainingJob for the rest";

    private static void Dataset(JsonObject dataset)
    {
        Add(
            dataset,
            "(has(self.fingerprint) ? 1 : 0) + (has(self.configMap) ? 1 : 0) + (has(self.volume) ? 1 : 0) == 1",
            "give one of fingerprint, configMap and volume"
        );
        Add(
            dataset,
            "has(self.fingerprint) ? !has(self.source) && !has(self.target) : has(self.source) && has(self.target)",
            "configMap and volume need source and target, the names of the two files; a fingerprint needs none"
        );
        Add(
            dataset,
            "has(self.validSource) == has(self.validTarget) && (!has(self.validSource) || has(self.source))",
            "validSource and validTarget go together, beside source and target"
        );
        foreach (var file in (string[])["source", "target", "validSource", "validTarget"])
        {
            dataset["properties"]![file]!["minLength"] = 1;
        }
    }

    private static void Model(JsonObject model)
    {
        Add(model, "self.kind != 'transformer' || self.dModel % self.heads == 0", "heads must divide dModel");
        Add(
            model,
            "self.kind != 'transformer' || self.positions != 'rotary' || (self.dModel / self.heads) % 2 == 0",
            "rotary positions need heads of even width: choose heads so that dModel / heads is even"
        );
        Add(
            model,
            "self.kind != 'transformer' || self.positions != 'sinusoidal' || self.dModel % 2 == 0",
            "sinusoidal positions need an even dModel"
        );
    }

    private static void Training(JsonObject training)
    {
        Add(training, "!has(self.steps) || !has(self.epochs)", "give one of steps and epochs");
        Add(training, "self.batchTokens >= 16 * self.logicalShards", "batchTokens must be 16 a logical shard or more");
        Add(
            training,
            "self.averageLastCheckpoints <= 1 || self.averageBestCheckpoints <= 1",
            "give one of averageLastCheckpoints and averageBestCheckpoints"
        );
        var unset = Rounds.SettingsOfDiLoCo.Select(JobSettings.At).Select(s => $"self.{s.Path.Split('.')[^1]} == {s.Rules.Default}");
        Add(
            training,
            $"self.synchronization == '{Rounds.DiLoCo}' || ({string.Join(" && ", unset)})",
            "innerSteps, maxInnerSteps, outerLearningRate and outerMomentum have a meaning with synchronization diloco alone"
        );
        Add(
            training,
            "self.maxInnerSteps == 0 || self.maxInnerSteps >= self.innerSteps",
            "maxInnerSteps must be 0, or no less than innerSteps"
        );
    }

    private static void Evaluation(JsonObject evaluation) =>
        Add(
            evaluation,
            "self.patience == 0 || self.everySteps != -1",
            "patience can never be used up: everySteps -1 evaluates only at the end"
        );

    private static void Workers(JsonObject spec, JsonObject workers)
    {
        Add(workers, "!has(self.max) || self.max >= self.min", "max is less than min: raise max or lower min");
        Add(workers["properties"]!["min"]!.AsObject(), "self == oldSelf", Immutable("workers.min"));
        Add(
            spec,
            "(has(self.workers.max) ? self.workers.max : self.workers.min) <= self.training.logicalShards",
            "a worker needs a logical shard at least: lower workers.max or raise training.logicalShards"
        );
    }
}
