using System.CommandLine;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Cli.Training;
using TrainingCluster.Hosting;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>train</c>: parallel text in, a model folder out, on worker processes of this machine.</summary>
internal static class TrainCommand
{
    private sealed record Inputs(ParallelText Train, ParallelText? Validation);

    public static Command Create(Terminal terminal)
    {
        var source = FileOption("--source", "Source sentences, one a line; plain or .gz.");
        var target = FileOption("--target", "Their translations, line by line.");
        var tsv = FileOption("--tsv", "Instead of --source and --target: source, tab, target on each line.");
        var validSource = FileOption(
            "--valid-source",
            "Source sentences to evaluate on while training. Default: 1 % of the pairs is held out."
        );
        var validTarget = FileOption("--valid-target", "Their translations.");
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
            "Keep the processes' files and logs here. Default: a temporary folder, removed at the end."
        );
        var json = SharedOptions.Json();
        var recipe = new RecipeOptions();
        var command = new Command("train", "Train a translator on parallel text with worker processes on this machine.")
        {
            source,
            target,
            tsv,
            validSource,
            validTarget,
            folder,
            overwrite,
            workers,
        };
        recipe.AddTo(command);
        command.Options.Add(device);
        command.Options.Add(libtorch);
        command.Options.Add(workFolder);
        command.Options.Add(json);
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var spec = recipe.Spec(parsed);
                var inputs = InputsOf(
                    parsed.GetValue(source),
                    parsed.GetValue(target),
                    parsed.GetValue(tsv),
                    parsed.GetValue(validSource),
                    parsed.GetValue(validTarget),
                    spec.Dataset
                );
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
        Inputs inputs,
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
        RequireFiles(inputs);
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

    private static Inputs InputsOf(
        string? source,
        string? target,
        string? tsv,
        string? validSource,
        string? validTarget,
        DatasetSpec dataset
    )
    {
        if (tsv is null && (source is null || target is null))
        {
            throw CliException.BadUsage(
                $"{(source is null ? "--source" : "--target")} is missing: parallel text is two files (--source and --target) or one "
                    + "(--tsv)"
            );
        }
        if (tsv is not null && (source is not null || target is not null))
        {
            throw CliException.BadUsage("--tsv holds both sides: leave --source and --target out");
        }
        if (validSource is null != validTarget is null)
        {
            throw CliException.BadUsage($"{(validSource is null ? "--valid-source" : "--valid-target")} is missing beside its other side");
        }
        // The files of a base recipe are another job's; a tab-separated file has no place in the specification.
        dataset.ClearSource();
        dataset.ClearTarget();
        dataset.ClearValidSource();
        dataset.ClearValidTarget();
        dataset.ClearFingerprint();
        if (tsv is null)
        {
            (dataset.Source, dataset.Target) = (source, target);
        }
        if (validSource is not null)
        {
            (dataset.ValidSource, dataset.ValidTarget) = (validSource, validTarget);
        }
        return new Inputs(
            tsv is null ? new ParallelText(source!, target) : new ParallelText(tsv, null),
            validSource is null ? null : new ParallelText(validSource, validTarget)
        );
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

    /// <summary>A missing file is told before processes are started.</summary>
    private static void RequireFiles(Inputs inputs)
    {
        foreach (
            var path in (string?[])
                [inputs.Train.SourcePath, inputs.Train.TargetPath, inputs.Validation?.SourcePath, inputs.Validation?.TargetPath]
        )
        {
            if (path is not null && !File.Exists(path))
            {
                throw CliException.BadUsage(Directory.Exists(path) ? $"{path} is a folder; name a file" : $"{path} does not exist");
            }
        }
    }

    private static Option<string?> FileOption(string name, string description) =>
        new(name) { Description = description, HelpName = "FILE" };
}
