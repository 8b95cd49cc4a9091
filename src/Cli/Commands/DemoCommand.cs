using System.CommandLine;
using System.Text.Json;
using TorchSharp;
using TrainingCluster.Cli.Demo;
using TrainingCluster.Cli.Display;
using TrainingCluster.Cli.Local;
using TrainingCluster.Cli.Training;
using TrainingCluster.Hosting;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary><c>demo</c>: the whole way on a small real task.</summary>
internal static class DemoCommand
{
    private const int Examples = 9;
    private const int HeldOut = 1000;
    private const double Goal = 0.98;

    public static Command Create(Terminal terminal)
    {
        var workers = SharedOptions.Workers(2);
        var seed = new NumberOption<ulong>("--seed", null, null)
        {
            Description = "The dates and everything random in training draw from this.",
            DefaultValueFactory = _ => 1,
        };
        var folder = SharedOptions.Folder("--out", "Keep the model here. Default: it is thrown away.");
        var stay = new Option<bool>("--keep")
        {
            Description = "Print the address of its page, and of one to translate with, at once, and leave both up until Ctrl-C.",
        };
        var libtorch = ProgramOptions.LibtorchFolder();
        var json = SharedOptions.Json();
        var command = new Command(
            "demo",
            "Train a translator of dates (English, German and Chinese to ISO) on a cluster of this machine, and test it on dates that "
                + "it has not seen."
        )
        {
            workers,
            seed,
            folder,
            stay,
            libtorch,
            json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                Libtorch.Load(parsed.GetValue(libtorch));
                var options = new LocalClusterOptions { Workers = parsed.GetValue(workers), Libtorch = parsed.GetValue(libtorch) };
                return RunAsync(
                    terminal,
                    options,
                    parsed.GetValue(seed),
                    parsed.GetValue(folder),
                    parsed.GetValue(stay),
                    parsed.GetValue(json),
                    cancellationToken
                );
            }
        );
        return command;
    }

    /// <summary>
    /// 1. makes the dates; 2. trains on a coordinator and worker processes; 3. translates the dates held out;
    /// 4. tells the rate, some examples and the time of each part.
    /// </summary>
    private static async Task<int> RunAsync(
        Terminal terminal,
        LocalClusterOptions options,
        ulong seed,
        string? folder,
        bool stay,
        bool json,
        CancellationToken cancellationToken
    )
    {
        if (folder is not null)
        {
            OutputFolder.RequireModel(folder, replace: true);
        }
        // 1.
        using var temporary = new TemporaryFolder();
        var dates = DatesTask.Split(seed, heldOut: HeldOut);
        var text = Path.Combine(temporary.Path, "dates");
        dates.Write(text);
        // 2.
        var spec = DemoRecipe.Create(seed);
        var dataset = DatasetPreparation.OptionsOf(
            JobSpecDefaults.Fill(spec).Dataset,
            new ParallelText(Path.Combine(text, "train.tsv"), null),
            new ParallelText(Path.Combine(text, "valid.tsv"), null)
        );
        var model = folder ?? Path.Combine(temporary.Path, "model");
        var status = ExitCodes.Failed;
        if (!stay)
        {
            var nobody = new LocalTraining.Company { KeepsCheckpoints = false };
            var alone = await LocalTraining.RunAsync(terminal, options, spec, dataset, model, json: false, cancellationToken, nobody);
            return await ExamineAsync(terminal, model, dates, alone, json, cancellationToken);
        }
        spec.Checkpoint = new CheckpointSpec { EverySteps = spec.Evaluation.EverySteps };
        await using var place = new DemoPlace(terminal, options.Libtorch);
        var company = new LocalTraining.Company
        {
            KeepsCheckpoints = false,
            Started = place.OpenAsync,
            Trained = async (_, outcome, cancellationToken) =>
            {
                status = await ExamineAsync(terminal, model, dates, outcome, json, cancellationToken);
                await place.StayAsync(cancellationToken);
            },
        };
        options = options with { TranslateAt = place.Address };
        await LocalTraining.RunAsync(terminal, options, spec, dataset, model, json: false, cancellationToken, company);
        return status;
    }

    private static async Task<int> ExamineAsync(
        Terminal terminal,
        string model,
        DatesSplit dates,
        LocalTraining.Outcome outcome,
        bool json,
        CancellationToken cancellationToken
    )
    {
        // 3.
        var began = terminal.Time.GetTimestamp();
        torch.set_num_threads(Environment.ProcessorCount);
        var exam = await Activity.RunAsync(
            terminal,
            $"translating {HeldOut} dates held out",
            _ => Task.Run(() => DateExam.Take(model, dates.HeldOut, cancellationToken), cancellationToken)
        );
        var translate = terminal.Time.GetElapsedTime(began);
        // 4.
        if (json)
        {
            await terminal.Out.WriteLineAsync(
                JsonSerializer.Serialize(
                    new
                    {
                        exact = exam.Exact,
                        sentences = exam.Pairs.Count,
                        outcome.Job.WeightsSha256,
                        prepareSeconds = outcome.Prepare.TotalSeconds,
                        trainSeconds = outcome.Train.TotalSeconds,
                        translateSeconds = translate.TotalSeconds,
                    },
                    JsonSerializerOptions.Web
                )
            );
            if (exam.Rate < Goal)
            {
                throw new CliException(
                    Text.Invariant($"{exam.Exact} of {exam.Pairs.Count} dates are exact; the goal is {100 * Goal:F0} %")
                );
            }
        }
        else
        {
            await WriteAsync(terminal, exam, outcome, translate);
        }
        return exam.Rate >= Goal ? ExitCodes.Succeeded : ExitCodes.Failed;
    }

    private static async Task WriteAsync(Terminal terminal, DateExam exam, LocalTraining.Outcome outcome, TimeSpan translate)
    {
        await terminal.Out.WriteLineAsync();
        await Table.WriteAsync(
            terminal,
            [new("WRITTEN BY PEOPLE", Yield.Text), "TRANSLATED", ""],
            [
                .. exam.Examples(Examples, wrong: 2)
                    .Select(example =>
                        (string[])
                            [
                                example.Pair.Source,
                                example.Answer,
                                example.Answer == example.Pair.Target ? "" : $"wrong: {example.Pair.Target}",
                            ]
                    ),
            ]
        );
        await terminal.Out.WriteLineAsync();
        await terminal.Out.WriteLineAsync(
            $"{exam.Exact} of {exam.Pairs.Count} dates that it has not seen are exact: "
                + Text.Invariant($"{100 * exam.Rate:F1} % (the goal is {100 * Goal:F0} %)")
        );
        await terminal.Out.WriteLineAsync(
            $"time: {Text.Of(outcome.Prepare)} to prepare and start, {Text.Of(outcome.Train)} to train {outcome.Job.Progress?.Step} "
                + $"steps, {Text.Of(translate)} to translate"
        );
        await terminal.Out.WriteLineAsync($"weights_sha256 {outcome.Job.WeightsSha256}");
    }
}
