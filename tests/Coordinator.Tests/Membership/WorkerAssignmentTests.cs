using FsCheck;
using FsCheck.Fluent;

namespace TrainingCluster.Coordinator.Membership;

public class WorkerAssignmentTests
{
    private static WorkerSupply Free(string id) => new(id, "", false);

    private static string Given(IReadOnlyList<JobDemand> jobs, params WorkerSupply[] workers) =>
        string.Join("; ", WorkerAssignment.Assign(jobs, workers).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key}: {string.Join(" ", g.Value)}"));

    [Fact]
    public void Assign_OneJob_GetsUpToItsMaximum() =>
        Assert.Equal("a: w1 w2", Given([new("a", 1, 2, false)], Free("w3"), Free("w2"), Free("w1")));

    [Fact]
    public void Assign_TooFewForTheFirst_NobodyOvertakes() =>
        Assert.Equal("", Given([new("big", 3, 4, false), new("small", 1, 1, false)], Free("w1"), Free("w2")));

    [Fact]
    public void Assign_RunningJob_KeepsItsWorkersAndTheRestStartsTheNext() =>
        Assert.Equal("a: w1 w2; b: w3", Given([new("a", 1, 2, true), new("b", 1, 8, false)], new("w1", "a", false), new("w2", "a", false), Free("w3")));

    [Fact]
    public void Assign_EveryJobItsMinimumFirst_ThenTheOldestTheRest() =>
        Assert.Equal("a: w1 w3; b: w2", Given([new("a", 1, 8, false), new("b", 1, 8, false)], Free("w1"), Free("w2"), Free("w3")));

    [Fact]
    public void Assign_StartedJobBelowItsMinimum_GoesOn() =>
        Assert.Equal("a: w1", Given([new("a", 4, 8, true)], Free("w1")));

    [Fact]
    public void Assign_DrainingWorker_StaysWithItsJobButTakesNoOther() =>
        Assert.Equal("a: w1", Given([new("a", 1, 8, true)], new("w1", "a", true), new("w2", "", true)));

    [Fact]
    public void Assign_AnyDemandAndSupply_GivesNobodyTwiceAndNotMoreThanWanted()
    {
        var cases = (from jobs in Gen.ListOf(from min in Gen.Choose(1, 4) from more in Gen.Choose(0, 4) from started in Gen.Elements(true, false) select (min, min + more, started))
                     from workers in Gen.ListOf(from job in Gen.Choose(-3, 4) from draining in Gen.Elements(true, false, false) select (job, draining))
                     select (Jobs: jobs.Select((j, i) => new JobDemand($"j{i}", j.min, j.Item2, j.started)).ToArray(),
                         Workers: workers.Select((w, i) => new WorkerSupply($"w{i:00}", w.job < 0 ? "" : $"j{w.job}", w.draining)).ToArray())).ToArbitrary();
        Prop.ForAll(cases, c =>
        {
            var given = WorkerAssignment.Assign(c.Jobs, c.Workers);
            Assert.Equal(given.Values.Sum(v => v.Length), given.Values.SelectMany(v => v).Distinct().Count());
            foreach (var (id, ids) in given)
            {
                var job = c.Jobs.Single(j => j.Id == id);
                var held = c.Workers.Where(w => w.JobId == id).Select(w => w.Id).ToHashSet();
                Assert.True(ids.Count(w => !c.Workers.Single(x => x.Id == w).Draining) <= job.Max);
                Assert.All(ids.Where(w => !held.Contains(w)), w => Assert.False(c.Workers.Single(x => x.Id == w).Draining));
            }
        }).QuickCheckThrowOnFailure();
    }
}
