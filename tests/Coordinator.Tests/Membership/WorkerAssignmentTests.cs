using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Coordinator.Membership;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Membership;

public class WorkerAssignmentTests
{
    private static WorkerSupply Worker(string id, string jobId = "", bool draining = false, string arithmetic = "x", int registered = 0) =>
        new(id, jobId, draining, Computes(arithmetic), DateTimeOffset.UnixEpoch.AddSeconds(registered));

    private static WorkerSupply Free(string id, string arithmetic = "x", int registered = 0) =>
        Worker(id, arithmetic: arithmetic, registered: registered);

    private static Arithmetic Computes(string fingerprint) => new() { Fingerprint = fingerprint, Description = $"cpu of {fingerprint}" };

    private static string Given(IReadOnlyList<JobDemand> jobs, params WorkerSupply[] workers) =>
        string.Join(
            "; ",
            WorkerAssignment
                .Assign(jobs, workers)
                .Where(g => !g.Value.Workers.IsEmpty)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => $"{g.Key}: {string.Join(" ", g.Value.Workers)}")
        );

    private static string LeftAside(JobDemand[] jobs, params WorkerSupply[] workers) =>
        WorkerAssignment.Assign(jobs, workers)[jobs[0].Id].LeftAside;

    [Fact]
    public void Assign_OneJob_GetsUpToItsMaximum() =>
        Assert.Equal("a: w1 w2", Given([new("a", 1, 2, false)], Free("w3"), Free("w2"), Free("w1")));

    [Fact]
    public void Assign_TooFewForTheFirst_NobodyOvertakes() =>
        Assert.Equal("", Given([new("big", 3, 4, false), new("small", 1, 1, false)], Free("w1"), Free("w2")));

    [Fact]
    public void Assign_RunningJob_KeepsItsWorkersAndTheRestStartsTheNext() =>
        Assert.Equal(
            "a: w1 w2; b: w3",
            Given([new("a", 1, 2, true), new("b", 1, 8, false)], Worker("w1", "a"), Worker("w2", "a"), Free("w3"))
        );

    [Fact]
    public void Assign_EveryJobItsMinimumFirst_ThenTheOldestTheRest() =>
        Assert.Equal("a: w1 w3; b: w2", Given([new("a", 1, 8, false), new("b", 1, 8, false)], Free("w1"), Free("w2"), Free("w3")));

    [Fact]
    public void Assign_StartedJobBelowItsMinimum_GoesOn() => Assert.Equal("a: w1", Given([new("a", 4, 8, true)], Free("w1")));

    [Fact]
    public void Assign_DrainingWorker_StaysWithItsJobButTakesNoOther() =>
        Assert.Equal("a: w1", Given([new("a", 1, 8, true)], Worker("w1", "a", draining: true), Worker("w2", draining: true)));

    [Fact]
    public void Assign_NewJob_TakesTheLargestGroupAndSaysWhoIsLeftAside()
    {
        JobDemand[] jobs = [new("a", 1, 8, false)];
        WorkerSupply[] workers = [Free("w1", "y"), Free("w2"), Free("w3")];

        Assert.Equal("a: w2 w3", Given(jobs, workers));
        Assert.Equal("1 worker computes otherwise and is left aside: w1 (y: cpu of y)", LeftAside(jobs, workers));
    }

    [Fact]
    public void Assign_GroupsOfOneSize_TakesThatOfTheWorkerThatRegisteredFirst() =>
        Assert.Equal(
            "a: w3 w4",
            Given([new("a", 1, 8, false)], Free("w1", "x", 2), Free("w2", "x", 3), Free("w3", "y", 1), Free("w4", "y", 4))
        );

    [Fact]
    public void Assign_NotEnoughAlike_GivesNoneAndSaysWhatHelps()
    {
        JobDemand[] jobs = [new("a", 3, 8, false), new("b", 1, 8, false)];
        WorkerSupply[] workers = [Free("w1"), Free("w2"), Free("w3", "y")];

        Assert.Equal("", Given(jobs, workers));
        Assert.Equal(
            "no 3 of the free workers compute alike: w1, w2 (x: cpu of x); w3 (y: cpu of y). Start more that are like some of these, "
                + "or lower workers.min",
            LeftAside(jobs, workers)
        );
    }

    [Fact]
    public void Assign_FewerThanTheMinimumInAll_SaysNothingOfArithmetic() =>
        Assert.Equal("", LeftAside([new("a", 4, 8, false)], Free("w1"), Free("w2", "y")));

    [Fact]
    public void Assign_TrainedJob_TakesOnlyWorkersThatComputeAsItBegan() =>
        Assert.Equal("a: w3", Given([new("a", 2, 8, true, Computes("y"))], Free("w1"), Free("w2"), Free("w3", "y")));

    [Fact]
    public void Assign_TrainedJobWithoutAlikeWorkers_WaitsSaysWhyAndHoldsNobodyUp()
    {
        JobDemand[] jobs = [new("a", 1, 8, true, Computes("z")), new("b", 2, 8, false)];
        WorkerSupply[] workers = [Free("w1"), Free("w2")];

        Assert.Equal("b: w1 w2", Given(jobs, workers));
        Assert.Equal(
            "2 workers compute otherwise and are left aside: w1, w2 (x: cpu of x). The job began with z: cpu of z, and goes on to the "
                + "bit only so: "
                + "start a worker on a machine like those that it began on, or submit it anew",
            LeftAside(jobs, workers)
        );
    }

    [Fact]
    public void Assign_WorkerThatHoldsAJobsStateButComputesOtherwise_IsNotKept() =>
        Assert.Equal("a: w1", Given([new("a", 1, 8, true, Computes("x"))], Free("w1"), Worker("w2", "a", arithmetic: "y")));

    [Fact]
    public void Assign_JobWithWorkersThatIsNotBoundYet_StaysWithTheirKind() =>
        Assert.Equal("a: w1", Given([new("a", 1, 8, true)], Worker("w1", "a"), Free("w2", "y"), Free("w3", "y")));

    [Fact]
    public void Assign_ManyLeftAside_NamesAFew() =>
        Assert.Contains(
            "7 workers compute otherwise and are left aside: w1, w2, w3, w4, w5 and 2 more (y: ",
            LeftAside([new("a", 1, 8, true, Computes("x"))], [Free("a1"), .. Enumerable.Range(1, 7).Select(i => Free($"w{i}", "y"))]),
            StringComparison.Ordinal
        );

    [Fact]
    public void Assign_AnyDemandAndSupply_GivesNobodyTwiceAndNotMoreThanWantedAndOnlyAlike()
    {
        var kinds = Gen.Elements("x", "x", "y", "z");
        var cases = (
            from jobs in Gen.ListOf(
                from min in Gen.Choose(1, 4)
                from more in Gen.Choose(0, 4)
                from started in Gen.Elements(true, false)
                from bound in Gen.Elements("", "x", "y")
                select (min, Max: min + more, started, bound)
            )
            from workers in Gen.ListOf(
                from job in Gen.Choose(-3, 4)
                from draining in Gen.Elements(true, false, false)
                from kind in kinds
                from registered in Gen.Choose(0, 3)
                select (job, draining, kind, registered)
            )
            select (
                Jobs: jobs.Select(
                        (j, i) =>
                            new JobDemand(
                                $"j{i}",
                                j.min,
                                j.Max,
                                j.started,
                                j is { started: true, bound.Length: > 0 } ? Computes(j.bound) : null
                            )
                    )
                    .ToArray(),
                Workers: workers
                    .Select((w, i) => Worker($"w{i:00}", w.job < 0 ? "" : $"j{w.job}", w.draining, w.kind, w.registered))
                    .ToArray()
            )
        ).ToArbitrary();
        Prop.ForAll(
                cases,
                c =>
                {
                    var given = WorkerAssignment.Assign(c.Jobs, c.Workers);
                    Assert.Equal(given.Values.Sum(v => v.Workers.Length), given.Values.SelectMany(v => v.Workers).Distinct().Count());
                    foreach (var (id, assignment) in given)
                    {
                        var job = c.Jobs.Single(j => j.Id == id);
                        var mine = c.Workers.Where(w => assignment.Workers.Contains(w.Id)).ToArray();
                        Assert.True(mine.Count(w => !w.Draining) <= job.Max);
                        Assert.All(mine.Where(w => w.JobId != id), w => Assert.False(w.Draining));
                        Assert.True(
                            mine.Select(w => w.Arithmetic.Fingerprint)
                                .Append(job.Arithmetic?.Fingerprint ?? mine.FirstOrDefault()?.Arithmetic.Fingerprint)
                                .Distinct()
                                .Count() <= 1
                        );
                        // A job alone that has enough to start and wants more leaves nobody idle who is like its workers.
                        if (c.Jobs.Length > 1 || mine.Length < (job.Started ? 1 : job.Min) || mine.Length >= job.Max)
                        {
                            continue;
                        }
                        var idle = c
                            .Workers.Where(w => !w.Draining && !assignment.Workers.Contains(w.Id))
                            .Select(w => w.Arithmetic.Fingerprint);
                        Assert.DoesNotContain(mine[0].Arithmetic.Fingerprint, idle);
                    }
                }
            )
            .QuickCheckThrowOnFailure();
    }
}
