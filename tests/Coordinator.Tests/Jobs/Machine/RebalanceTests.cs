using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

public class RebalanceTests
{
    private static readonly RebalanceOptions s_options = new();
    private static readonly DateTimeOffset s_start = DateTimeOffset.UnixEpoch;

    /// <summary>A job whose workers a, b, … hold these shards and have these speeds.</summary>
    private static JobMachineState Job(int[] shards, double[] speeds)
    {
        var plan = new StartGeneration { Generation = 1 };
        var first = 0;
        for (var i = 0; i < shards.Length; first += shards[i++])
        {
            plan.Members.Add(
                new GenerationMember
                {
                    WorkerId = Name(i),
                    Rank = i,
                    FirstShard = first,
                    ShardCount = shards[i],
                }
            );
        }
        var state = JobMachine.Create("j", TrainingCluster.Jobs.JobSpecDefaults.Fill(new JobSpec()), s_start);
        return state with
        {
            Phase = JobPhase.Running,
            Plan = plan,
            Current = new() { AllStartedAt = s_start, BetterSince = s_start },
            Speeds = state.Speeds.AddRange(speeds.Select((speed, i) => KeyValuePair.Create(Name(i), speed)).Where(s => s.Value > 0)),
            Progress = new Progress
            {
                Step = 100,
                TotalSteps = 10_000,
                StepSeconds = 1,
            },
        };
    }

    private static JobMachineState With(JobMachineState state, Func<GenerationState, GenerationState> change) =>
        state with
        {
            Current = change(state.Current),
        };

    private static string Name(int i) => $"{(char)('a' + i)}";

    private static RebalanceDecision Decide(JobMachineState state, double seconds = 60) =>
        Rebalance.Decide(state, s_start.AddSeconds(seconds), s_options);

    [Theory]
    [InlineData(new[] { 4, 4 }, new double[] { 4, 4 }, false)]
    [InlineData(new[] { 4, 4 }, new double[] { 4, 1 }, true)]
    [InlineData(new[] { 7, 1 }, new double[] { 4, 1 }, false)]
    [InlineData(new[] { 7, 1 }, new double[] { 4, 4 }, true)]
    [InlineData(new[] { 2, 2, 2, 2 }, new double[] { 4, 4, 4, 1.8 }, true)]
    [InlineData(new[] { 2, 2, 2, 2 }, new double[] { 4, 4, 4, 2.2 }, false)]
    [InlineData(new[] { 4, 4 }, new double[] { 4, 0 }, false)]
    [InlineData(new[] { 8 }, new double[] { 1 }, false)]
    public void Decide_Speeds_CallOnlyWhereMuchIsSaved(int[] shards, double[] speeds, bool call) =>
        Assert.Equal(call, Decide(Job(shards, speeds)).Rebalance);

    [Fact]
    public void Decide_ExchangeTakesMostOfTheStep_SavesTooLittle()
    {
        var state = Job([4, 4], [4, 1]);
        // 4 s of computing become 1.75 s.
        Assert.True(Decide(state with { Progress = state.Progress with { StepSeconds = 8 } }).Rebalance);
        Assert.False(Decide(state with { Progress = state.Progress with { StepSeconds = 10 } }).Rebalance);
    }

    [Fact]
    public void Decide_JustBecomeBetter_Waits()
    {
        var state = Job([4, 4], [4, 1]);
        state = With(state, c => c with { BetterSince = null });
        var first = Decide(state);
        Assert.Equal((false, s_start.AddSeconds(60)), (first.Rebalance, first.BetterSince));
        state = With(state, c => c with { BetterSince = first.BetterSince });
        Assert.False(Decide(state, 60 + s_options.Sustain.TotalSeconds - 0.001).Rebalance);
        Assert.True(Decide(state, 60 + s_options.Sustain.TotalSeconds).Rebalance);
    }

    [Fact]
    public void Decide_NoLongerBetter_ForgetsSinceWhen() => Assert.Null(Decide(Job([4, 4], [4, 4])).BetterSince);

    [Fact]
    public void Decide_GenerationIsYoung_Waits()
    {
        var state = Job([4, 4], [4, 1]);
        Assert.False(Decide(state, s_options.Interval.TotalSeconds - 0.001).Rebalance);
        Assert.True(Decide(state, s_options.Interval.TotalSeconds).Rebalance);
    }

    [Theory]
    [InlineData(9_998, true)]
    [InlineData(9_999, false)]
    public void Decide_JobIsAlmostDone_DoesNotPay(long step, bool call)
    {
        var state = Job([4, 4], [4, 1]);
        // 2.25 s a step.
        Assert.Equal(call, Decide(state with { Progress = state.Progress with { Step = step } }).Rebalance);
    }

    [Fact]
    public void Decide_AnotherChangeUnderWay_LeavesItToThat()
    {
        var state = Job([4, 4], [4, 1]);
        Assert.False(Decide(With(state, c => c with { Newcomers = c.Newcomers.Add("a", new("a", "i")) })).Rebalance);
        Assert.False(Decide(state with { Pool = state.Pool.Add("a", new("a", "i", "http://a", Draining: true)) }).Rebalance);
        Assert.False(Decide(With(state, c => c with { ModelStoredAt = s_start })).Rebalance);
        Assert.False(Decide(state with { Phase = JobPhase.Preparing }).Rebalance);
    }
}
