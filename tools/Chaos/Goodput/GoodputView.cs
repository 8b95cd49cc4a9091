using System.Text.Json;
using System.Text.Json.Serialization;
using TrainingCluster.Cli;
using TrainingCluster.Cli.Display;
using TrainingCluster.Jobs;

namespace TrainingCluster.Chaos.Goodput;

/// <summary>Writes the goodput under faults for people or machines.</summary>
public static class GoodputView
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>A table of the runs, one of what faults cost by kind, and the verdict.</summary>
    public static async Task WriteAsync(Terminal terminal, GoodputReport report)
    {
        ArgumentNullException.ThrowIfNull(terminal);
        ArgumentNullException.ThrowIfNull(report);
        var output = terminal.Out;
        await Table.WriteAsync(
            terminal,
            ["RUN", "STEPS", "TIME", "STEPS/MIN", "GENERATIONS", new("WEIGHTS_SHA256", Yield.Whole)],
            [Row("undisturbed", report.Before), Row("disturbed", report.Disturbed), Row("undisturbed", report.After)]
        );
        await output.WriteLineAsync();
        var kinds = report.Faults.GroupBy(fault => fault.Round.Fault.Kind).OrderBy(kind => kind.Key).ToList();
        var rows = kinds
            .SelectMany(kind =>
                kind.Where(fault => fault.Round.Way is not null)
                    .GroupBy(fault => fault.Round.Way)
                    .Where(way => way.Count() < kind.Count())
                    .Select(way => Row($"  {way.Key}", [.. way]))
                    .Prepend(Row(FaultCatalog.Word(kind.Key), [.. kind]))
            )
            .Append(Row("all", report.Faults));
        await Table.WriteAsync(
            terminal,
            ["FAULT", "FAULTS", "LOST EACH", "WORST", "STANDSTILL", "DETECT", "REGROUP", "STATE", "GENERATIONS", "STEPS AGAIN"],
            [.. rows]
        );
        await output.WriteLineAsync("  (means of a fault; standstill: the median of the longest time without a step)");
        await output.WriteLineAsync();
        var (used, all) = (report.StartedSeconds, report.ProcessorSeconds);
        await output.WriteLineAsync(
            Text.Invariant($"starting anew took {used:F0} s of the machine's {all:F0} s of processor time: {100 * used / all:F1} %")
        );
        var (left, spread) = (100 * report.Ratio, 100 * report.Spread);
        await output.WriteLineAsync(
            Text.Invariant($"goodput: {left:F1} % of the undisturbed throughput (the undisturbed runs differ by {spread:F1} %)")
        );
        var failures = report.Failures();
        foreach (var failure in failures)
        {
            await output.WriteLineAsync($"FAILED: {failure}");
        }
        await output.WriteLineAsync(
            failures.Count == 0
                ? $"passed: {report.Faults.Count} faults, each proven and survived; the weights of all three runs are equal"
                : $"failed for {failures.Count} reason{(failures.Count == 1 ? "" : "s")}"
        );
    }

    /// <summary>All of it as one JSON object.</summary>
    public static Task WriteJsonAsync(TextWriter output, GoodputReport report)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(report);
        return output.WriteLineAsync(
            JsonSerializer.Serialize(
                new
                {
                    passed = report.Failures().Count == 0,
                    failures = report.Failures(),
                    report,
                },
                s_json
            )
        );
    }

    private static string[] Row(string name, GoodputJob run) =>
        [
            name,
            $"{run.Job.Steps}",
            Text.Of(TimeSpan.FromSeconds(run.Job.Seconds)),
            Text.Invariant($"{60 * run.StepsPerSecond:F0}"),
            $"{run.Job.Generations}",
            run.Job.State == V1.JobState.Succeeded
                ? run.Job.WeightsSha256[..Math.Min(16, run.Job.WeightsSha256.Length)]
                : run.Job.State.Word(),
        ];

    private static string[] Row(string name, IReadOnlyList<GoodputFault> faults)
    {
        return
        [
            name,
            $"{faults.Count}",
            Seconds(Mean(fault => fault.LostSeconds)),
            Seconds(faults.Select(fault => fault.LostSeconds).DefaultIfEmpty().Max()),
            Seconds(Distribution.Of(faults.Select(fault => fault.Round.StandstillSeconds)).Median),
            Seconds(Mean(fault => fault.DetectSeconds)),
            Seconds(Mean(fault => fault.RegroupSeconds)),
            Seconds(Mean(fault => fault.StateSeconds)),
            Text.Invariant($"{Mean(fault => fault.Generations):F1}"),
            Text.Invariant($"{Mean(fault => fault.StepsAgain):F1}"),
        ];

        double Mean(Func<GoodputFault, double> part) => faults.Select(part).DefaultIfEmpty().Average();
    }

    private static string Seconds(double seconds) => Text.Invariant($"{seconds:F2} s");
}
