using TrainingCluster.Coordinator.Jobs;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs;

public class DifferencesTests
{
    private static readonly JobInput s_report = new WorkerReported(new WorkerReport { Joined = new() });

    private static JobMachineState State(JobPhase phase = JobPhase.Preparing, params string[] members)
    {
        var start = JobMachine.Create("job-1", JobSpecDefaults.Fill(new JobSpec()), DateTimeOffset.UnixEpoch);
        return start with
        {
            Phase = phase,
            Generation = 1,
            Current = new()
            {
                Members = start.Current.Members.AddRange(members.Select(id => KeyValuePair.Create(id, new GroupMember(id, "i")))),
            },
        };
    }

    [Fact]
    public void LeavesTheCall_AnAnswer_DoesAndAnythingElseDoesNot()
    {
        var before = State(JobPhase.Preparing, "a", "b");
        Assert.True(Differences.LeavesTheCall(s_report, before, before with { Current = before.Current with { Joined = 1 } }));

        Assert.False(Differences.LeavesTheCall(new TimePassed(), before, before));
        Assert.False(Differences.LeavesTheCall(s_report, before, before with { Phase = JobPhase.Starting }));
        Assert.False(Differences.LeavesTheCall(s_report, before with { Phase = JobPhase.Running }, before));
        Assert.False(Differences.LeavesTheCall(s_report, before, before with { Generation = 2 }));
        Assert.False(Differences.LeavesTheCall(s_report, before, before with { PhaseSince = DateTimeOffset.MaxValue }));
        Assert.False(Differences.LeavesTheCall(s_report, before, State(JobPhase.Preparing, "a")));
    }

    [Fact]
    public void SaysTheSame_OnlyAStepMore_DoesAndAChangeDoesNot()
    {
        var before = State(JobPhase.Running, "a", "b");
        Assert.True(Differences.SaysTheSame(before, before with { Progress = new() { Step = 3 } }));

        Assert.False(Differences.SaysTheSame(before, before with { Phase = JobPhase.Preparing }));
        Assert.False(Differences.SaysTheSame(before, before with { Generation = 2 }));
        Assert.False(Differences.SaysTheSame(before, before with { Plan = new() }));
        Assert.False(Differences.SaysTheSame(before, before with { PreemptedFor = "job-2" }));
        Assert.False(Differences.SaysTheSame(before, before with { Current = State(JobPhase.Running, "a").Current }));
    }
}
