using TrainingCluster.Cli;
using TrainingCluster.V1;

namespace TrainingCluster.Chaos.Tests;

public sealed class ChaosReportTests
{
    private static readonly RoundRun s_round = new(FaultPlan.Draw([FaultKind.Kill], 1, 1)[0], "ended by SIGKILL", 0.5, 0.5, null);

    private static readonly ChaosReport s_good = new()
    {
        Undisturbed = Job("a"),
        Jobs = [Job("a"), Job("a")],
        Rounds = [s_round],
        PlannedRounds = 1,
        Surprises = [],
    };

    [Fact]
    public void Failures_AllIsWell_AreNone() => Assert.Empty(s_good.Failures());

    [Fact]
    public void Failures_OneThingIsWrong_NameIt()
    {
        AssertFails(s_good with { Jobs = [Job("a"), Job("b")] }, "weights_sha256 b");
        AssertFails(s_good with { Jobs = [Job("a") with { State = JobState.Failed }] }, "failed at step 300");
        AssertFails(s_good with { Undisturbed = Job("a") with { State = JobState.Failed } }, "the undisturbed job");
        AssertFails(s_good with { Rounds = [s_round with { Proof = null }] }, "fault 1 (kill): nothing proves that it happened");
        AssertFails(s_good with { Rounds = [s_round with { RecoverySeconds = null }] }, "fault 1 (kill): no step");
        AssertFails(s_good with { Rounds = [s_round with { Problem = "it smells" }] }, "fault 1 (kill): it smells");
        AssertFails(s_good with { PlannedRounds = 2 }, "1 of 2 faults");
        AssertFails(s_good with { Surprises = ["worker-1 ended by itself"] }, "worker-1 ended by itself");
    }

    [Fact]
    public void Failures_SeveralThingsAreWrong_NameAll() =>
        Assert.Equal(
            3,
            (s_good with { Jobs = [Job("b")], Rounds = [s_round with { Proof = null, Problem = "it smells" }] }).Failures().Count
        );

    [Fact]
    public void ThroughputKept_JobsTookLonger_IsTheRatioOfStepsASecond()
    {
        Assert.Equal(1, s_good.ThroughputKept);
        Assert.Equal(0.5, (s_good with { Jobs = [Job("a") with { Seconds = 30 }, Job("a") with { Seconds = 50 }] }).ThroughputKept);
        Assert.Null((s_good with { Jobs = [] }).ThroughputKept);
    }

    [Fact]
    public async Task Write_FaultsOfSeveralWays_ShowsEachBelowItsKind()
    {
        var report = s_good with
        {
            Rounds =
            [
                s_round with
                {
                    Way = "idle",
                },
                s_round with
                {
                    Way = "backward",
                    RecoverySeconds = 2,
                },
                s_round with
                {
                    Way = "backward",
                },
            ],
            PlannedRounds = 3,
        };
        var output = new StringWriter();
        var terminal = new Terminal
        {
            In = Stream.Null,
            Out = output,
            Error = TextWriter.Null,
        };
        await ChaosView.WriteAsync(terminal, report);
        var lines = output.ToString().Split('\n');
        var at = Array.FindIndex(lines, line => line.StartsWith("kill ", StringComparison.Ordinal));
        Assert.Equal(["kill", "3", "3", "0.5", "s", "2.0", "s"], Words(lines[at])[..7]);
        Assert.Equal(["idle", "1"], Words(lines[at + 1])[..2]);
        Assert.Equal(["backward", "2"], Words(lines[at + 2])[..2]);

        static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static void AssertFails(ChaosReport report, string reason) =>
        Assert.Contains(reason, Assert.Single(report.Failures()), StringComparison.Ordinal);

    private static JobRun Job(string weights) => new("chaos-1", JobState.Succeeded, "done", weights, 300, 4, 20);
}
