using System.Text.Json;
using System.Text.Json.Serialization;
using TrainingCluster.Cli;
using TrainingCluster.Cli.Display;

namespace TrainingCluster.Chaos;

/// <summary>Writes a report for people or machines.</summary>
public static class ChaosView
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>"12/50 kill: worker-2 ended by SIGKILL; next step after 0.9 s".</summary>
    public static string Line(RoundRun round, int rounds)
    {
        var recovery = round.RecoverySeconds is { } seconds ? $"next step after {Seconds(seconds)}" : "NO STEP after it";
        var problem = round.Problem is null ? "" : $"; PROBLEM: {round.Problem}";
        return $"{round.Fault.Round}/{rounds} {FaultCatalog.Word(round.Fault.Kind)}: {round.Proof ?? "NOT PROVEN"}; {recovery}, "
            + $"longest standstill {Seconds(round.StandstillSeconds)}{problem}";
    }

    /// <summary>A table by kind of fault, the jobs, and the verdict.</summary>
    public static async Task WriteAsync(Terminal terminal, ChaosReport report)
    {
        var output = terminal.Out;
        var kinds = report.Rounds.GroupBy(round => round.Fault.Kind).OrderBy(kind => kind.Key).ToList();
        var rows = kinds
            .SelectMany(kind =>
                ByWay(kind).Select(way => Row($"  {way.Key}", [.. way])).Prepend(Row(FaultCatalog.Word(kind.Key), [.. kind]))
            )
            .ToList();
        if (kinds.Count > 1)
        {
            rows.Add(Row("all", report.Rounds));
        }
        await output.WriteLineAsync();
        await Table.WriteAsync(
            terminal,
            [
                "FAULT",
                "ROUNDS",
                "PROVEN",
                "RECOVERY MEDIAN",
                "95 %",
                "WORST",
                new("STANDSTILL MEDIAN", Yield.Whole),
                new("95 %", Yield.Whole),
                new("WORST", Yield.Whole),
            ],
            rows
        );
        await output.WriteLineAsync();
        await output.WriteLineAsync(
            $"undisturbed: 1 job of {report.Undisturbed.Steps} steps, {Text.Of(TimeSpan.FromSeconds(report.Undisturbed.Seconds))}, "
                + $"weights_sha256 {report.Undisturbed.WeightsSha256}"
        );
        foreach (var weights in report.Jobs.GroupBy(job => (job.State, job.WeightsSha256)))
        {
            await output.WriteLineAsync(
                $"disturbed: {weights.Count()} job{(weights.Count() == 1 ? "" : "s")} "
                    + $"{weights.Key.State.ToString().ToLowerInvariant()} over {weights.Sum(job => job.Generations)} generations, "
                    + $"{Text.Of(TimeSpan.FromSeconds(weights.Sum(job => job.Seconds)))}, weights_sha256 {weights.Key.WeightsSha256}"
            );
        }
        if (report.ThroughputKept is { } kept)
        {
            await output.WriteLineAsync(Text.Invariant($"throughput kept: {100 * kept:F1} % of the undisturbed job's"));
        }
        var failures = report.Failures();
        foreach (var failure in failures)
        {
            await output.WriteLineAsync($"FAILED: {failure}");
        }
        await output.WriteLineAsync(
            failures.Count == 0
                ? $"passed: {report.Rounds.Count} faults, each proven and survived; {report.Jobs.Count} of {report.Jobs.Count} jobs "
                    + "have the weights of the undisturbed one"
                : $"failed for {failures.Count} reason{(failures.Count == 1 ? "" : "s")}"
        );
    }

    /// <summary>All of it as one JSON object.</summary>
    public static Task WriteJsonAsync(TextWriter output, ChaosReport report) =>
        output.WriteLineAsync(
            JsonSerializer.Serialize(
                new
                {
                    passed = report.Failures().Count == 0,
                    failures = report.Failures(),
                    recoverySeconds = Recoveries(report.Rounds),
                    byFault = report
                        .Rounds.GroupBy(round => round.Fault.Kind)
                        .ToDictionary(kind => FaultCatalog.Word(kind.Key), kind => Recoveries([.. kind])),
                    byWay = report
                        .Rounds.GroupBy(round => round.Fault.Kind)
                        .Where(kind => ByWay(kind).Any())
                        .ToDictionary(
                            kind => FaultCatalog.Word(kind.Key),
                            kind => ByWay(kind).ToDictionary(way => way.Key!, way => Recoveries([.. way]))
                        ),
                    report.ThroughputKept,
                    generations = report.Jobs.Sum(job => job.Generations),
                    report.Undisturbed,
                    report.Jobs,
                    report.Rounds,
                },
                s_json
            )
        );

    private static string[] Row(string name, IReadOnlyList<RoundRun> rounds)
    {
        var (recovery, standstill) = (Recoveries(rounds), Distribution.Of(rounds.Select(round => round.StandstillSeconds)));
        return
        [
            name,
            $"{rounds.Count}",
            $"{rounds.Count(round => round.Proof is not null)}",
            Seconds(recovery.Median),
            Seconds(recovery.Percentile95),
            Seconds(recovery.Worst),
            Seconds(standstill.Median),
            Seconds(standstill.Percentile95),
            Seconds(standstill.Worst),
        ];
    }

    private static IEnumerable<IGrouping<string?, RoundRun>> ByWay(IEnumerable<RoundRun> rounds) =>
        rounds.Where(round => round.Way is not null).GroupBy(round => round.Way);

    private static Distribution Recoveries(IReadOnlyList<RoundRun> rounds) =>
        Distribution.Of(rounds.Select(round => round.RecoverySeconds).OfType<double>());

    private static string Seconds(double seconds) => Text.Invariant($"{seconds:F1} s");
}
