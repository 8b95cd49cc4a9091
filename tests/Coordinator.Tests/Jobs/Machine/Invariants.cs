using System.Collections.Immutable;
using Google.Protobuf;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>What must hold at every moment, whatever happens.</summary>
internal sealed class Invariants
{
    private readonly Dictionary<long, ByteString> _plans = [];
    private readonly HashSet<long> _called = [];
    private long _newestCalled;

    public void OnTransition(
        JobMachineState before,
        JobInput input,
        JobMachineState after,
        ImmutableArray<JobEffect> effects,
        SimulatedWorker[] workers
    )
    {
        Assert.True(after.Generation >= before.Generation, "generation numbers go back");
        Assert.True(after.Progress.Step >= before.Progress.Step, "committed steps go back");
        // Only the present generation's own words move the job on.
        if (after.Progress.Step > before.Progress.Step)
        {
            var report = Assert.IsType<WorkerReported>(input).Report;
            Assert.Equal((after.Plan!.Generation, true), (report.Header.Generation, report.Step is not null));
        }
        if (before.Phase == JobPhase.Starting && after.Phase == JobPhase.Running)
        {
            Assert.Equal(after.Plan!.Generation, Assert.IsType<WorkerReported>(input).Report.Header.Generation);
        }
        if (before.Phase.HasEnded())
        {
            Assert.Equal(before.Phase, after.Phase);
        }
        // The weights are computed in one way, from the first step to the last.
        if (before.Plan is not null)
        {
            Assert.Equal(before.Arithmetic, after.Arithmetic);
        }
        foreach (var message in effects.OfType<SendToWorker>().Select(e => e.Message))
        {
            switch (message)
            {
                case OpenRendezvous prepare:
                    OnCall(before, prepare);
                    break;
                case StartGeneration plan:
                    OnPlan(after, plan, workers);
                    break;
            }
            Assert.True(!before.Phase.HasEnded(), "a job that has ended still sends");
        }
        if (after.Phase == JobPhase.Succeeded && before.Phase != JobPhase.Succeeded)
        {
            Assert.Equal("same", after.WeightsSha256);
        }
    }

    private void OnCall(JobMachineState before, OpenRendezvous call)
    {
        // A number is called at one time only (the repeated call comes from the same state).
        if (call.Generation == before.Generation)
        {
            Assert.Contains(call.Generation, _called);
        }
        else if (call.Generation != _newestCalled)
        {
            Assert.True(call.Generation > _newestCalled, $"generation {call.Generation} is used again after {_newestCalled}");
        }
        _called.Add(call.Generation);
        _newestCalled = call.Generation;
    }

    private void OnPlan(JobMachineState state, StartGeneration plan, SimulatedWorker[] workers)
    {
        var bytes = plan.ToByteString();
        if (_plans.TryGetValue(plan.Generation, out var known))
        {
            Assert.Equal(known, bytes);
        }
        _plans[plan.Generation] = bytes;
        Assert.Equal(_newestCalled, plan.Generation);
        Assert.Equal(Enumerable.Range(0, World.Shards), plan.Members.SelectMany(m => Enumerable.Range(m.FirstShard, m.ShardCount)));
        Assert.Equal(Enumerable.Range(0, plan.Members.Count), plan.Members.Select(m => m.Rank));
        Assert.True(plan.BaseStep >= state.CheckpointStep, "a checkpoint holds a newer step");
        foreach (var member in plan.Members)
        {
            var worker = workers.Single(w => w.Id == member.WorkerId);
            // Whoever still obeys this generation stands still until it gets the plan.
            if (worker.Incarnation == member.Incarnation && worker.Newest == plan.Generation && worker.Plan is null && worker.HasState)
            {
                Assert.True(plan.BaseStep >= worker.Step, $"{worker.Id} holds step {worker.Step}, the plan starts from {plan.BaseStep}");
            }
        }
        Assert.All(plan.Members, m => Assert.Equal(state.Arithmetic!.Fingerprint, workers.Single(w => w.Id == m.WorkerId).Arithmetic));
        var sources = plan.Members.Any(m => m.HasBaseState);
        Assert.False(sources && plan.CheckpointId.Length > 0, "there are two sources of state");
        Assert.True(sources || plan.CheckpointId.Length > 0 || plan.BaseStep == 0, "there is no source of state");
    }

    /// <summary>A member of <paramref name="plan"/> is about to apply a step.</summary>
    public void OnStep(StartGeneration plan, JobMachineState state, SimulatedWorker stepping, SimulatedWorker[] workers)
    {
        Assert.Equal(_plans[plan.Generation], plan.ToByteString());
        if (state.Phase != JobPhase.Running || state.Plan!.Generation == plan.Generation)
        {
            return;
        }
        // An older generation can only go on where the coordinator cannot see: none of its members is in the present one,
        // and the present one counts only its own steps.
        // Or one is a step behind at an orderly end: the others have ended it, with this step done, and owe it nothing.
        var present = plan
            .Members.Select(m => (m.WorkerId, m.Incarnation))
            .Intersect(state.Plan.Members.Select(m => (m.WorkerId, m.Incarnation)))
            .ToArray();
        Assert.All(present, p => Assert.NotSame(plan, workers.Single(w => w.Id == p.WorkerId && w.Incarnation == p.Incarnation).Plan));
        if (present.Length > 0)
        {
            Assert.True(
                stepping.Step < state.Plan.BaseStep,
                $"{stepping.Id} goes beyond step {state.Plan.BaseStep} in a generation that is over"
            );
        }
    }
}
