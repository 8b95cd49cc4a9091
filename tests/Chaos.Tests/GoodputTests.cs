using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Chaos.Goodput;
using TrainingCluster.Cli;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos.Tests;

public sealed class GoodputTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_StandstillAfterAFault_IsTheTimeLost()
    {
        // 10 steps a second, but none from second 12 to second 15; faults at seconds 10 and 20, the last step at second 30.
        var reached = Enumerable
            .Range(0, 301)
            .Select(tenth => tenth / 10.0)
            .Where(second => second is < 12 or >= 15)
            .Select((second, step) => new StepMoment(s_start.AddSeconds(second), step))
            .ToList();
        var faults = GoodputFault.Of([Round(10), Round(20)], reached, [Generation(14, 2, 0.5, 0.25)], 10);

        Assert.Equal([3, 0], faults.Select(fault => Math.Round(fault.LostSeconds, 6)));
        Assert.Equal([1, 0], faults.Select(fault => fault.Generations));
        Assert.Equal((2, 0.5, 0.25, 4), (faults[0].DetectSeconds, faults[0].RegroupSeconds, faults[0].StateSeconds, faults[0].StepsAgain));
    }

    [Fact]
    public void Of_FaultAfterTheLastStep_LosesNothing() =>
        Assert.Equal(0, GoodputFault.Of([Round(50)], [new StepMoment(s_start.AddSeconds(40), 400)], [], 10).Single().LostSeconds);

    [Fact]
    public void Report_Ratio_IsOfTheMeanOfTheUndisturbedRuns()
    {
        var report = Report("a", "a", "a");
        Assert.Equal(0.9, report.Ratio, 6);
        Assert.Equal(0.2, report.Spread, 6);
        Assert.Empty(report.Failures());
    }

    [Fact]
    public void Failures_OneThingIsWrong_NameIt()
    {
        Assert.Contains(
            "the disturbed job has weights_sha256 b",
            Assert.Single(Report("a", "b", "a").Failures()),
            StringComparison.Ordinal
        );
        Assert.Contains("second undisturbed job has", Assert.Single(Report("a", "a", "b").Failures()), StringComparison.Ordinal);
        Assert.Contains("90.0 % of", Assert.Single((Report("a", "a", "a") with { Least = 0.98 }).Failures()), StringComparison.Ordinal);
        Assert.Contains("no fault", Assert.Single((Report("a", "a", "a") with { Faults = [] }).Failures()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_Report_ShowsRunsFaultsAndTheShareThatIsLeft()
    {
        var output = new StringWriter();
        var terminal = new Terminal
        {
            In = Stream.Null,
            Out = output,
            Error = TextWriter.Null,
        };
        await GoodputView.WriteAsync(terminal, Report("a", "a", "a"));
        Assert.Contains("goodput: 90.0 % of the undisturbed throughput", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("\nkill ", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("passed: 1 faults", output.ToString(), StringComparison.Ordinal);
    }

    private static RoundRun Round(double second) =>
        new(FaultPlan.Draw([FaultKind.Kill], 1, 1)[0], "ended by SIGKILL", 0.5, 0.5, null) { At = s_start.AddSeconds(second) };

    private static JobEvent Generation(double second, double detect, double regroup, double state) =>
        new()
        {
            EventTime = Timestamp.FromDateTimeOffset(s_start.AddSeconds(second)),
            Generation = new GenerationChanged
            {
                Generation = 2,
                DetectDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(detect)),
                RegroupDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(regroup)),
                StateRecoveryDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(state)),
                DiscardedStepCount = 4,
            },
        };

    private static GoodputReport Report(string before, string disturbed, string after) =>
        new()
        {
            Before = Run(before, 11),
            Disturbed = Run(disturbed, 9),
            After = Run(after, 9),
            Faults = [new GoodputFault(Round(1), 0.5, 1, 0, 0, 0, 1)],
            StartedSeconds = 2,
            ProcessorSeconds = 120,
            Surprises = [],
            Least = null,
        };

    private static GoodputJob Run(string weights, double rate) =>
        new(new JobRun("job-1", JobState.Succeeded, "", weights, 300, 1, 30), rate);
}
