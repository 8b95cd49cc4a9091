using System.CommandLine;
using System.Text.Json;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Training;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>prepare</c>: parallel text in, a dataset folder out; nothing is trained.</summary>
internal static class PrepareCommand
{
    public static Command Create(Terminal terminal)
    {
        var text = new TextOptions();
        var folder = new Option<string>("--out")
        {
            Description = "The dataset folder to make; it must not exist, or be empty.",
            HelpName = "DIR",
            Required = true,
        };
        var settings = new SettingOption[] { new("--vocabulary", "dataset.vocabularySize"), new("--max-tokens", "dataset.maxTokens") };
        var json = SharedOptions.Json();
        var command = new Command(
            "prepare",
            "Make a dataset folder of parallel text, without training: vocabulary, tokens, manifest. 'datasets upload' brings it to a "
                + "coordinator."
        );
        text.AddTo(command);
        command.Options.Add(folder);
        foreach (var setting in settings)
        {
            command.Options.Add(setting);
        }
        command.Options.Add(json);
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var spec = new JobSpec { Dataset = new DatasetSpec() };
                foreach (var setting in settings)
                {
                    setting.Apply(parsed, spec);
                }
                var texts = text.Read(parsed);
                var target = parsed.GetValue(folder)!;
                OutputFolder.RequireEmpty(target);
                texts.RequireFiles();
                var options = DatasetPreparation.OptionsOf(JobSpecDefaults.Fill(spec).Dataset, texts.Train, texts.Validation);
                return RunAsync(terminal, options, target, parsed.GetValue(json), cancellationToken);
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        DatasetOptions options,
        string folder,
        bool json,
        CancellationToken cancellationToken
    )
    {
        var manifest = await DatasetPreparation.BuildAsync(terminal, options, folder, cancellationToken);
        if (json)
        {
            var result = new
            {
                folder = Path.GetFullPath(folder),
                manifest.Fingerprint,
                sentences = manifest.Train.Kept,
                validationSentences = manifest.Validation.Kept,
                manifest.VocabularySize,
                manifest.MaxTokens,
            };
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
            return ExitCodes.Succeeded;
        }
        await terminal.Out.WriteLineAsync(
            $"{folder}: {Text.Count(manifest.Train.Kept)} pairs to train on, {Text.Count(manifest.Validation.Kept)} to evaluate on"
        );
        await terminal.Out.WriteLineAsync($"fingerprint {manifest.Fingerprint}");
        return ExitCodes.Succeeded;
    }
}
