using System.CommandLine;
using System.Text.Json;
using Google.Protobuf;
using TrainingCluster.Cli.Figures;
using TrainingCluster.V1;

namespace TrainingCluster.Cli.Commands;

/// <summary>
/// <c>curve</c>: draws validation BLEU against minutes and steps, from the events that <c>train</c> or <c>watch</c> printed.
/// </summary>
internal static class PlotCommand
{
    public static Command Create(Terminal terminal)
    {
        var runs = new Argument<string[]>("run")
        {
            Description =
                $"What 'train --json' or 'watch --json' printed, up to {TrainingCurve.MostRuns} files; NAME=FILE names a run in the "
                + "legend.",
            HelpName = "FILE",
            Arity = ArgumentArity.OneOrMore,
        };
        var file = new Option<string>("--out")
        {
            Description = "Gets the drawing.",
            HelpName = "FILE.svg",
            Required = true,
        };
        var command = new Command("plot", "Draw validation BLEU against minutes and against steps of one or more training runs.")
        {
            runs,
            file,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var given = parsed.GetValue(runs)!;
                if (given.Length > TrainingCurve.MostRuns)
                {
                    throw CliException.BadUsage($"{given.Length} runs: at most {TrainingCurve.MostRuns} can be told apart in one drawing");
                }
                var curves = new List<(string, IReadOnlyList<CurvePoint>)>();
                foreach (var run in given)
                {
                    var (name, path) = run.Split('=', 2) is [var label, var rest]
                        ? (label, rest)
                        : (Path.GetFileNameWithoutExtension(run), run);
                    if (string.IsNullOrWhiteSpace(path))
                    {
                        throw CliException.BadUsage($"{run}: no file is named; write NAME=FILE");
                    }
                    curves.Add((name, await ReadAsync(path, cancellationToken)));
                }
                await File.WriteAllTextAsync(parsed.GetValue(file)!, TrainingCurve.Draw(curves), cancellationToken);
                foreach (var (name, points) in curves)
                {
                    await terminal.Out.WriteLineAsync(
                        $"{name}: {points.Count} evaluations, BLEU {points.Max(point => point.Bleu):0.00} at best, "
                            + $"{points[^1].Minutes:0} minutes"
                    );
                }
                return ExitCodes.Succeeded;
            }
        );
        return command;
    }

    /// <summary>
    /// The evaluations among a run's events. Lines that are no JSON object, such as progress for people, are passed over, and so is
    /// the job with which <c>train</c> ends.
    /// </summary>
    internal static async Task<IReadOnlyList<CurvePoint>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var parser = new JsonParser(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));
        var points = new List<CurvePoint>();
        DateTimeOffset? began = null;
        var number = 0;
        await foreach (var line in File.ReadLinesAsync(path, cancellationToken))
        {
            number++;
            if (!line.StartsWith('{'))
            {
                continue;
            }
            try
            {
                if (IsJob(line))
                {
                    continue;
                }
                var happened = parser.Parse<JobEvent>(line);
                if (happened.EventTime is null)
                {
                    throw new JsonException("it has no time");
                }
                if (happened.Generation is not null)
                {
                    began ??= happened.EventTime.ToDateTimeOffset();
                }
                if (happened.Evaluation is { } scores && began is { } start)
                {
                    points.Add(new CurvePoint((happened.EventTime.ToDateTimeOffset() - start).TotalMinutes, scores.Step, scores.Bleu));
                }
            }
            catch (Exception error)
                when (error is InvalidProtocolBufferException or InvalidJsonException or JsonException or InvalidOperationException)
            {
                throw CliException.BadUsage(
                    $"{path}, line {number}: no event of a job ({error.Message}); give what 'train --json' or 'watch --json' printed",
                    error
                );
            }
        }
        return points.Count > 0
            ? points
            : throw CliException.BadUsage(
                $"{path}: no evaluation in it; give what 'train --json' or 'watch --json' printed of a job with validation text"
            );
    }

    /// <summary>A job has an id; an event has a token.</summary>
    private static bool IsJob(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty("id", out _);
    }
}
