using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using TrainingCluster.V1;

namespace TrainingCluster.Jobs;

/// <summary>The ranges and relations that a job specification must keep.</summary>
public static partial class JobSpecValidator
{
    /// <summary>Everything that is wrong with <paramref name="spec"/>, all at once; empty when it can be run.</summary>
    /// <remarks>Fields that were left out are judged by their defaults (<see cref="JobSpecDefaults"/>).</remarks>
    public static IReadOnlyList<SpecViolation> Validate(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var filled = JobSpecDefaults.Fill(spec);
        var found = new Findings();
        if (!NamePattern().IsMatch(filled.Name))
        {
            found.Add(
                "name",
                filled.Name,
                "is no job name",
                "use 1 to 63 characters of a-z, 0-9 and '-', a letter or digit first and last"
            );
        }
        found.Range("deadlineSeconds", filled.DeadlineSeconds, 0L, MaxSeconds);
        found.Range("ttlSecondsAfterFinished", filled.TtlSecondsAfterFinished, 0L, MaxSeconds);
        found.Range("retryLimit", filled.RetryLimit, 0, 1000);
        Dataset(filled.Dataset, found);
        Model(filled.Model, found);
        Training(filled.Training, found);
        Evaluation(filled.Evaluation, found);
        found.Range("checkpoint.everySteps", filled.Checkpoint.EverySteps, 0L, MaxSteps);
        found.Range("checkpoint.everySeconds", filled.Checkpoint.EverySeconds, 0L, MaxSeconds);
        found.Range("checkpoint.keepLatest", filled.Checkpoint.KeepLatest, 1, 1000);
        Workers(filled, found);
        return found.All;
    }

    private const long MaxSteps = 1_000_000_000;
    private const long MaxSeconds = 10L * 365 * 24 * 3600;

    private static void Dataset(DatasetSpec dataset, Findings found)
    {
        if (dataset.HasFingerprint && !FingerprintPattern().IsMatch(dataset.Fingerprint))
        {
            found.Add(
                "dataset.fingerprint",
                dataset.Fingerprint,
                "is no SHA-256",
                "give 64 lower-case hexadecimal digits, or leave it out and name source and target files"
            );
        }
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
        found.Range("dataset.vocabularySize", dataset.VocabularySize, 8, 65_535);
        found.Range("dataset.maxTokens", dataset.MaxTokens, 4, 4096);
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
        found.OneOf("model.kind", model.Kind, "transformer", "recurrent-attention");
        found.OneOf("model.norm", model.Norm, "pre", "post");
        found.OneOf("model.positions", model.Positions, "sinusoidal", "learned", "rotary");
        found.OneOf("model.cell", model.Cell, "gru", "lstm");
        found.OneOf("model.score", model.Score, "additive", "dot");
        found.Range("model.dModel", model.DModel, 4, 8192);
        found.Range("model.heads", model.Heads, 1, 128);
        found.Range("model.layers", model.Layers, 1, 64);
        found.Range("model.feedForward", model.FeedForward, 1, 65_536);
        found.Fraction("model.dropout", model.Dropout);
        found.Fraction("model.attentionDropout", model.AttentionDropout);
        if (model.Kind != "transformer" || model.Heads < 1 || model.DModel < 1)
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
        if (training.HasSteps)
        {
            found.Range("training.steps", training.Steps, 1L, MaxSteps);
        }
        if (training.HasEpochs)
        {
            found.Range("training.epochs", training.Epochs, 1, 1_000_000);
        }
        var shards = training.LogicalShards;
        if (shards is < 1 or > 1024 || !BitOperations.IsPow2(shards))
        {
            found.Add("training.logicalShards", Text(shards), "is no power of two from 1 to 1024", "use 8, say");
        }
        else if (training.BatchTokens < 16L * shards || training.BatchTokens > 1 << 27)
        {
            found.Add(
                "training.batchTokens",
                Text(training.BatchTokens),
                "is out of range",
                $"use {16 * shards} (16 tokens a logical shard) to {1 << 27}"
            );
        }
        found.OneOf("training.schedule", training.Schedule, "inverse-sqrt", "cosine", "constant");
        if (!(training.LearningRate > 0 && training.LearningRate <= 10))
        {
            found.Add(
                "training.learningRate",
                Text(training.LearningRate),
                "is out of range",
                "use more than 0, at most 10; 0.001 is usual"
            );
        }
        found.Range("training.warmupSteps", training.WarmupSteps, 0, (int)MaxSteps);
        found.Fraction("training.beta1", training.Beta1);
        found.Fraction("training.beta2", training.Beta2);
        if (!(training.Epsilon > 0 && training.Epsilon <= 1))
        {
            found.Add("training.epsilon", Text(training.Epsilon), "is out of range", "use more than 0, at most 1; 1e-9 is usual");
        }
        found.Range("training.weightDecay", training.WeightDecay, 0.0, 1.0);
        found.Range("training.clipNorm", training.ClipNorm, 0.0, 1e9);
        found.Fraction("training.labelSmoothing", training.LabelSmoothing);
        found.Range("training.computeThreads", training.ComputeThreads, 1, 256);
        found.Range("training.averageLastCheckpoints", training.AverageLastCheckpoints, 0, 100);
        found.Range("training.averageBestCheckpoints", training.AverageBestCheckpoints, 0, 100);
        if (training.AverageLastCheckpoints > 1 && training.AverageBestCheckpoints > 1)
        {
            found.Add(
                "training.averageBestCheckpoints",
                Text(training.AverageBestCheckpoints),
                "is given beside training.averageLastCheckpoints",
                "give one of the two"
            );
        }
        found.Fraction("training.bpeDropout", training.BpeDropout);
        found.Range("training.maxSkippedSteps", training.MaxSkippedSteps, 0, 1_000_000);
        found.OneOf("training.precision", training.Precision, "float32", "bfloat16");
    }

    private static void Evaluation(EvaluationSpec evaluation, Findings found)
    {
        found.Range("evaluation.everySteps", evaluation.EverySteps, -1L, MaxSteps);
        found.Range("evaluation.patience", evaluation.Patience, 0, 1_000_000);
        found.Range("evaluation.beam", evaluation.Beam, 1, 64);
        found.Range("evaluation.maxSentences", evaluation.MaxSentences, 0, int.MaxValue);
        found.OneOf("evaluation.finalModel", evaluation.FinalModel, "best", "last");
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
        found.Range("workers.min", spec.Workers.Min, 1, 1024);
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

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    private static partial Regex NamePattern();

    [GeneratedRegex("^[0-9a-f]{64}$")]
    private static partial Regex FingerprintPattern();

    private sealed class Findings
    {
        public List<SpecViolation> All { get; } = [];

        public void Add(string field, string value, string problem, string fix) => All.Add(new(field, value, problem, fix));

        public void Range<T>(string field, T value, T least, T greatest)
            where T : INumber<T>
        {
            // Written so that NaN is out of range.
            if (!(value >= least && value <= greatest))
            {
                Add(field, Text(value), "is out of range", $"use {Text(least)} to {Text(greatest)}");
            }
        }

        public void Fraction(string field, double value)
        {
            if (!(value >= 0 && value < 1))
            {
                Add(field, Text(value), "is out of range", "use 0 or more and less than 1");
            }
        }

        public void OneOf(string field, string value, params string[] choices)
        {
            if (!choices.Contains(value, StringComparer.Ordinal))
            {
                Add(field, value, "is no known choice", $"use one of: {string.Join(", ", choices)}");
            }
        }
    }
}
