using System.CommandLine;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Cli.Training;
using TrainingCluster.Hosting;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>train</c>: parallel text in, a model folder out, on worker processes of this machine.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal)
    {
        var text = new TextOptions();
        var folder = new Option<string>("--out")
        {
            Description = "The model folder to make.",
            HelpName = "DIR",
            Required = true,
        };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the model that is there." };
        var workers = SharedOptions.Workers(2);
        var device = UpCommand.Device();
        var libtorch = ProgramOptions.LibtorchFolder();
        var workFolder = SharedOptions.Folder(
            "--work-dir",
            "Keep the processes' files and logs here, and go on with a job that is there. Default: a temporary folder, kept only for a job "
                + "that was broken off and has a checkpoint."
        );
        var json = SharedOptions.Json();
        var recipe = new RecipeOptions();
        var command = new Command("train", "Train a translator on parallel text with worker processes on this machine.");
        text.AddTo(command);
        command.Options.Add(folder);
        command.Options.Add(overwrite);
        command.Options.Add(workers);
        recipe.AddTo(command);
        command.Options.Add(device);
        command.Options.Add(libtorch);
        command.Options.Add(workFolder);
        command.Options.Add(json);
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var spec = recipe.Spec(parsed);
                var inputs = text.Read(parsed);
                SetFiles(spec.Dataset, inputs);
                var options = new LocalClusterOptions
                {
                    Workers = parsed.GetValue(workers),
                    Folder = parsed.GetValue(workFolder),
                    Device = parsed.GetValue(device)!,
                    Libtorch = parsed.GetValue(libtorch),
                };
                var output = parsed.GetValue(folder)!;
                OutputFolder.RequireModel(output, parsed.GetValue(overwrite));
                RequireWorkFolder(options.Folder, output);
                return RunAsync(terminal, options, spec, inputs, output, parsed.GetValue(json), cancellationToken);
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        LocalClusterOptions options,
        JobSpec spec,
        Texts inputs,
        string folder,
        bool json,
        CancellationToken cancellationToken
    )
    {
        var filled = JobSpecDefaults.Fill(spec);
        LocalTraining.Require(options, filled);
        // The fingerprint is not known yet, but everything else can be judged before anything is started.
        var judged = spec.Clone();
        judged.Dataset.Fingerprint = new string('0', 64);
        JobSubmission.Require(judged, "the job");
        inputs.RequireFiles();
        Libtorch.Check(options.Libtorch);

        var outcome = await LocalTraining.RunAsync(
            terminal,
            options,
            spec,
            DatasetPreparation.OptionsOf(filled.Dataset, inputs.Train, inputs.Validation),
            folder,
            json,
            cancellationToken
        );
        var job = outcome.Job;
        if (json)
        {
            await terminal.Out.WriteLineAsync(MessageJson.Of(job));
            return ExitCodes.Succeeded;
        }
        if (job.Progress is { BestBleu: > 0 } progress)
        {
            await terminal.Out.WriteLineAsync(Text.Invariant($"validation BLEU {progress.BestBleu:F2} at step {progress.BestStep}"));
        }
        await terminal.Out.WriteLineAsync($"weights_sha256 {job.WeightsSha256}");
        await terminal.Out.WriteLineAsync(
            $"{folder}: trained in {Text.Of(outcome.Train)} (and {Text.Of(outcome.Prepare)} to start and prepare)"
        );
        return ExitCodes.Succeeded;
    }

    private static void SetFiles(DatasetSpec dataset, Texts inputs)
    {
        // The files of a base recipe are another job's; a tab-separated file has no place in the specification.
        dataset.ClearSource();
        dataset.ClearTarget();
        dataset.ClearValidSource();
        dataset.ClearValidTarget();
        dataset.ClearFingerprint();
        if (inputs.Train is { TargetPath: { } target } train)
        {
            (dataset.Source, dataset.Target) = (train.SourcePath, target);
        }
        if (inputs.Validation is { TargetPath: { } validTarget } validation)
        {
            (dataset.ValidSource, dataset.ValidTarget) = (validation.SourcePath, validTarget);
        }
    }

    /// <summary>The model's folder must stay empty until the model comes.</summary>
    private static void RequireWorkFolder(string? work, string output)
    {
        if (work is null)
        {
            return;
        }
        OutputFolder.RequireWritable("--work-dir", work);
        var (inner, outer) = (Ended(work), Ended(output));
        if (inner.StartsWith(outer, StringComparison.Ordinal))
        {
            throw CliException.BadUsage($"--work-dir {work} lies in --out {output}, which is for the model alone; name another folder");
        }

        static string Ended(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) + Path.DirectorySeparatorChar;
    }
}
