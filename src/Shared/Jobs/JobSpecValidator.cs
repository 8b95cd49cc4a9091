using System.Globalization;
using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>What a job specification must keep: the rules beside each field, and the relations between fields that stand here.</summary>
public static class JobSpecValidator
{
    private const int TokensPerShard = 16;

    /// <summary>Everything that is wrong with <paramref name="spec"/>, all at once; empty when it can be run.</summary>
    /// <remarks>Fields that were left out are judged by their defaults (<see cref="JobSpecDefaults"/>).</remarks>
    public static IReadOnlyList<SpecViolation> Validate(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var filled = JobSpecDefaults.Fill(spec);
        // A default that is another field's value is judged there.
        var settings = JobSettings.All.Where(setting => setting.Rules.DefaultFrom.Length == 0 || setting.ValueIn(spec) is not null);
        var found = new Findings([.. settings.Select(setting => setting.Check(filled)).OfType<SpecViolation>()]);
        Dataset(filled.Dataset, found);
        Model(filled.Model, found);
        Training(filled.Training, found);
        Evaluation(filled.Evaluation, found);
        Workers(filled, found);
        return found.All;
    }

    private static void Dataset(DatasetSpec dataset, Findings found)
    {
        if (!dataset.HasFingerprint && !dataset.HasSource && !dataset.HasTarget)
        {
            found.Add(
                "dataset",
                "",
                "names no data",
                "give source and target (files of parallel text), or the fingerprint of a dataset that the coordinator holds"
            );
        }
        Pair(found, "dataset.source", dataset.HasSource, dataset.Source, "dataset.target", dataset.HasTarget, dataset.Target);
        Pair(
            found,
            "dataset.validSource",
            dataset.HasValidSource,
            dataset.ValidSource,
            "dataset.validTarget",
            dataset.HasValidTarget,
            dataset.ValidTarget
        );
    }

    private static void Pair(
        Findings found,
        string first,
        bool hasFirst,
        string firstValue,
        string second,
        bool hasSecond,
        string secondValue
    )
    {
        if (hasFirst != hasSecond)
        {
            found.Add(hasFirst ? second : first, "", $"is missing beside {(hasFirst ? first : second)}", "parallel text needs both files");
        }
        if (hasFirst && firstValue.Length == 0)
        {
            found.Add(first, "", "is empty", "name a file");
        }
        if (hasSecond && secondValue.Length == 0)
        {
            found.Add(second, "", "is empty", "name a file");
        }
    }

    private static void Model(ModelSpec model, Findings found)
    {
        if (model.Kind != "transformer" || found.Any("model.heads", "model.dModel"))
        {
            return;
        }
        if (model.DModel % model.Heads != 0)
        {
            found.Add(
                "model.heads",
                Text(model.Heads),
                $"does not divide model.dModel ({Text(model.DModel)})",
                "choose a divisor of dModel"
            );
        }
        else if (model.Positions == "rotary" && model.DModel / model.Heads % 2 != 0)
        {
            found.Add(
                "model.heads",
                Text(model.Heads),
                "gives heads of odd width, which rotary positions cannot turn",
                "choose heads so that dModel / heads is even"
            );
        }
        if (model.Positions == "sinusoidal" && model.DModel % 2 != 0)
        {
            found.Add(
                "model.dModel",
                Text(model.DModel),
                "is odd, but sinusoidal positions come in (sine, cosine) pairs",
                "use an even width"
            );
        }
    }

    private static void Training(TrainingSpec training, Findings found)
    {
        if (training.HasSteps && training.HasEpochs)
        {
            found.Add("training.epochs", Text(training.Epochs), "is given beside training.steps", "give one of the two");
        }
        var shards = training.LogicalShards;
        if (!found.Any("training.logicalShards", "training.batchTokens") && training.BatchTokens < TokensPerShard * shards)
        {
            found.Add(
                "training.batchTokens",
                Text(training.BatchTokens),
                "is out of range",
                $"use {TokensPerShard * shards} ({TokensPerShard} tokens a logical shard) or more"
            );
        }
        OnlyWithDiLoCo(training, found);
        if (
            !found.Any("training.innerSteps", "training.maxInnerSteps")
            && training.MaxInnerSteps > 0
            && training.MaxInnerSteps < training.InnerSteps
        )
        {
            found.Add(
                "training.maxInnerSteps",
                Text(training.MaxInnerSteps),
                $"is less than training.innerSteps, {Text(training.InnerSteps)}",
                "use more, or 0 for rounds of equal length"
            );
        }
        if (training.OptimizerSharding && training.Synchronization == Rounds.DiLoCo)
        {
            found.Add(
                "training.optimizerSharding",
                "true",
                $"does not go with training.synchronization {training.Synchronization}, whose inner steps need every moment on each worker",
                "leave one of the two out"
            );
        }
        if (training.AverageLastCheckpoints > 1 && training.AverageBestCheckpoints > 1)
        {
            found.Add(
                "training.averageBestCheckpoints",
                Text(training.AverageBestCheckpoints),
                "is given beside training.averageLastCheckpoints",
                "give one of the two"
            );
        }
    }

    /// <summary>A specification that is filled in has these settings too: only another value than the default was meant.</summary>
    private static void OnlyWithDiLoCo(TrainingSpec training, Findings found)
    {
        if (training.Synchronization == Rounds.DiLoCo || found.Any("training.synchronization"))
        {
            return;
        }
        foreach (var name in Rounds.SettingsOfDiLoCo)
        {
            var setting = JobSettings.At(name);
            var spec = new JobSpec { Training = training };
            if (!found.Any(name) && !Equals(setting.ValueIn(spec), setting.Default))
            {
                found.Add(
                    name,
                    Convert.ToString(setting.ValueIn(spec), CultureInfo.InvariantCulture)!,
                    $"has no meaning with training.synchronization {training.Synchronization}",
                    "set synchronization to diloco, or leave this out"
                );
            }
        }
    }

    private static void Evaluation(EvaluationSpec evaluation, Findings found)
    {
        if (evaluation.Patience > 0 && evaluation.EverySteps == -1)
        {
            found.Add(
                "evaluation.patience",
                Text(evaluation.Patience),
                "can never be used up: everySteps -1 evaluates only at the end",
                "set everySteps to 0 (once an epoch) or more"
            );
        }
    }

    private static void Workers(JobSpec spec, Findings found)
    {
        if (found.Any("workers.min", "workers.max", "training.logicalShards"))
        {
            return;
        }
        if (spec.Workers.Max < spec.Workers.Min)
        {
            found.Add(
                "workers.max",
                Text(spec.Workers.Max),
                $"is less than workers.min ({Text(spec.Workers.Min)})",
                "raise max or lower min"
            );
        }
        if (spec.Workers.Max > spec.Training.LogicalShards)
        {
            found.Add(
                "workers.max",
                Text(spec.Workers.Max),
                $"is more than training.logicalShards ({Text(spec.Training.LogicalShards)}), and a worker needs a shard at least",
                "lower max or raise logicalShards"
            );
        }
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private sealed class Findings(IReadOnlyList<SpecViolation> ofFields)
    {
        public List<SpecViolation> All { get; } = [.. ofFields];

        /// <summary>Whether one of the fields is wrong by itself: relations to others are not judged then.</summary>
        public bool Any(params string[] fields) => ofFields.Any(violation => fields.Contains(violation.Field));

        public void Add(string field, string value, string problem, string fix) => All.Add(new(field, value, problem, fix));
    }
}
