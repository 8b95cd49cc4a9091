using System.CommandLine;
using TrainingCluster.Cli.Training;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary>The recipe of a job on the command line: a job file as the base, and options that override it.</summary>
internal sealed class RecipeOptions
{
    private readonly Option<string?> _job = new("--job")
    {
        Description =
            "A job file (YAML) to start from, with any of the settings of docs/job-specification.md; what is given here overrides "
            + "it. Default: the defaults of a job.",
        HelpName = "FILE",
    };
    private readonly SettingOption _steps = new("--steps", "training.steps");
    private readonly SettingOption _epochs = new("--epochs", "training.epochs");
    private readonly SettingOption[] _others =
    [
        new("--seed", "seed"),
        new("--vocabulary", "dataset.vocabularySize"),
        new("--batch-tokens", "training.batchTokens"),
        new("--learning-rate", "training.learningRate"),
        new("--warmup-steps", "training.warmupSteps"),
        new("--d-model", "model.dModel"),
        new("--layers", "model.layers"),
        new("--heads", "model.heads"),
        new("--feed-forward", "model.feedForward"),
        new("--dropout", "model.dropout"),
        new("--precision", "training.precision"),
        new("--evaluate-every", "evaluation.everySteps"),
        new("--patience", "evaluation.patience"),
    ];

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_job, _steps, _epochs, .. _others])
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
        if (_steps.Apply(parsed, spec))
        {
            spec.Training.ClearEpochs();
        }
        if (_epochs.Apply(parsed, spec))
        {
            spec.Training.ClearSteps();
        }
        foreach (var option in _others)
        {
            option.Apply(parsed, spec);
        }
        return spec;
    }
}
