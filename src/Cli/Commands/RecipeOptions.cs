using System.CommandLine;
using TrainingCluster.Cli.Training;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary>The recipe of a job on the command line: a job file as the base, and options that override it.</summary>
internal sealed class RecipeOptions
{
    private readonly Option<string?> _job = new("--job")
    {
        Description = "A job file (YAML) to start from; what is given here overrides it. Default: the defaults of a job.",
        HelpName = "FILE",
    };
    private readonly Option<long?> _steps = Number<long?>("--steps", "Train for so many steps.");
    private readonly Option<int?> _epochs = Number<int?>("--epochs", "Train for so many epochs. Default, without --steps: 10.");
    private readonly Option<ulong?> _seed = Number<ulong?>("--seed", "Everything random draws from this. Default: 1.");
    private readonly Option<int?> _vocabulary = Number<int?>("--vocabulary", "Tokens in the vocabulary. Default: 6000.");
    private readonly Option<int?> _batchTokens = Number<int?>(
        "--batch-tokens",
        "Tokens in a step, both sides with padding. Default: 8192."
    );
    private readonly Option<double?> _learningRate = Number<double?>("--learning-rate", "Peak learning rate. Default: 0.001.");
    private readonly Option<int?> _warmup = Number<int?>("--warmup-steps", "Steps of linear warm-up. Default: 400.");
    private readonly Option<int?> _width = Number<int?>("--d-model", "Model width. Default: 256.");
    private readonly Option<int?> _layers = Number<int?>("--layers", "Blocks on each side. Default: 3.");
    private readonly Option<int?> _heads = Number<int?>("--heads", "Attention heads. Default: 4.");
    private readonly Option<int?> _feedForward = Number<int?>("--feed-forward", "Width of the feed-forward network. Default: 1024.");
    private readonly Option<double?> _dropout = Number<double?>("--dropout", "Default: 0.1.");
    private readonly Option<string?> _precision = new("--precision")
    {
        Description =
            "Of matrix products while training: float32 (default) or bfloat16: a step takes two fifths of the time where the "
            + "processor has AVX-512 BF16.",
        HelpName = "TYPE",
    };
    private readonly Option<long?> _evaluateEvery = Number<long?>(
        "--evaluate-every",
        "Evaluate every so many steps; 0: once an epoch (default); -1: only at the end."
    );
    private readonly Option<int?> _patience = Number<int?>(
        "--patience",
        "Stop when BLEU has not improved in so many evaluations; 0: never (default)."
    );

    public void AddTo(Command command)
    {
        foreach (
            var option in (Option[])
                [
                    _job,
                    _steps,
                    _epochs,
                    _seed,
                    _vocabulary,
                    _batchTokens,
                    _learningRate,
                    _warmup,
                    _width,
                    _layers,
                    _heads,
                    _feedForward,
                    _dropout,
                    _precision,
                    _evaluateEvery,
                    _patience,
                ]
        )
        {
            command.Options.Add(option);
        }
        command.Validators.Add(result =>
        {
            if (result.GetResult(_steps) is not null && result.GetResult(_epochs) is not null)
            {
                result.AddError("--steps and --epochs: give one of the two");
            }
        });
    }

    /// <summary>The specification, without a dataset's files.</summary>
    public JobSpec Spec(ParseResult parsed)
    {
        var spec = parsed.GetValue(_job) is { } path ? JobSubmission.Read(path, bringsData: true) : new JobSpec { Name = "train" };
        spec.Dataset ??= new DatasetSpec();
        spec.Model ??= new ModelSpec();
        spec.Training ??= new TrainingSpec();
        spec.Evaluation ??= new EvaluationSpec();
        if (parsed.GetValue(_steps) is { } steps)
        {
            spec.Training.ClearEpochs();
            spec.Training.Steps = steps;
        }
        if (parsed.GetValue(_epochs) is { } epochs)
        {
            spec.Training.ClearSteps();
            spec.Training.Epochs = epochs;
        }
        Set(_seed, value => spec.Seed = value);
        Set(_vocabulary, value => spec.Dataset.VocabularySize = value);
        Set(_batchTokens, value => spec.Training.BatchTokens = value);
        Set(_learningRate, value => spec.Training.LearningRate = value);
        Set(_warmup, value => spec.Training.WarmupSteps = value);
        Set(_width, value => spec.Model.DModel = value);
        Set(_layers, value => spec.Model.Layers = value);
        Set(_heads, value => spec.Model.Heads = value);
        Set(_feedForward, value => spec.Model.FeedForward = value);
        Set(_dropout, value => spec.Model.Dropout = value);
        if (parsed.GetValue(_precision) is { } precision)
        {
            spec.Training.Precision = precision;
        }
        Set(_evaluateEvery, value => spec.Evaluation.EverySteps = value);
        Set(_patience, value => spec.Evaluation.Patience = value);
        return spec;

        void Set<T>(Option<T?> option, Action<T> set)
            where T : struct
        {
            if (parsed.GetValue(option) is { } value)
            {
                set(value);
            }
        }
    }

    private static Option<T> Number<T>(string name, string description) => new(name) { Description = description, HelpName = "N" };
}
