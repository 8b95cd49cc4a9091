using TrainingCluster.Coordinator.Queueing;

namespace TrainingCluster.Coordinator.Tests.Queueing;

/// <summary>The queue's decisions, a case a line; <see cref="QueueText"/> says how they are written.</summary>
public class JobSchedulerTests
{
    [Theory]
    // One job.
    [InlineData("a 1-2", "w1 w2 w3", "a starts w1 w2")]
    [InlineData("a 4-8 trained", "w1", "a starts w1")]
    [InlineData("a 4-8 trained preempted", "w1", "a toofewworkers")]
    [InlineData("a 1-1 trained", "w1 w2~a", "a starts w2")]
    [InlineData("a 1-8 runs", "w1@a w2*@a w3* w4", "a keeps w1 w2 w4")]
    [InlineData("a 1-8 runs trained", "w1*@a", "a keeps w1")]
    [InlineData("a 1-8 trained", "w1*@a w2", "a starts w1 w2")]
    // First come, first served; what does not fit holds nobody up.
    [InlineData("a 1-2 runs; b 1-8", "w1@a w2@a w3", "a keeps w1 w2; b starts w3")]
    [InlineData("a 1-8; b 1-8", "w1 w2 w3", "a starts w1 w3; b starts w2")]
    [InlineData("big 3-4; small 1-1", "w1 w2", "big toofewworkers; small starts w1")]
    [InlineData("a 1-1 runs; big 3-3; small 1-1", "w1@a w2 w3", "a keeps w1; big behind; small starts w2")]
    // Priorities.
    [InlineData("a 1-1; b 1-1 p5", "w1", "a behind; b starts w1")]
    [InlineData("a 1-1 p-5; b 1-1", "w1", "a behind; b starts w1")]
    [InlineData("a 1-8; b 1-8 p5", "w1 w2 w3", "a starts w2; b starts w1 w3")]
    // Running jobs give back what they have above their minimum.
    [InlineData("a 1-8 runs; b 2-2", "w1@a w2@a w3@a", "a givesback w1 w2! w3!; b gathers")]
    [InlineData("a 2-8 runs; b 2-2", "w1@a w2@a w3@a", "a keeps w1 w2 w3; b behind")]
    [InlineData("a 1-8 runs p5; b 1-1", "w1@a w2@a", "a keeps w1 w2; b behind")]
    [InlineData("a 1-8 runs; b 1-1", "w1@a w2@a w3", "a keeps w1 w2; b starts w3")]
    [InlineData("a 1-8 runs; b 2-2", "w1@a w2@a!b w3@a!b", "a givesback w1 w2! w3!; b gathers")]
    [InlineData("a 1-8 runs; b 2-2; c 1-1", "w1@a w2@a!b w3", "a givesback w1 w2!; b gathers; c behind")]
    [InlineData("a 1-8 runs; b 2-2", "w1@a w2 w3", "a keeps w1; b starts w2 w3")]
    // Preemption by priority: as few jobs as possible, the lowest and latest of them, and only if it helps.
    [InlineData("a 2-2 runs; b 1-1 p5", "w1@a w2@a", "a preempted w1! w2!; b gathers")]
    [InlineData("a 1-2 runs; c 2-2 runs; b 1-1 p5", "w1@a w2@a w3@c w4@c", "a givesback w1 w2!; c keeps w3 w4; b gathers")]
    [InlineData("a 1-1 runs p1; c 1-1 runs; b 1-1 p5", "w1@a w2@c", "a keeps w1; c preempted w2!; b gathers")]
    [InlineData("c 1-1 runs; a 1-1 runs p1; b 1-1 p5", "w1@a w2@c", "c preempted w2!; a keeps w1; b gathers")]
    [InlineData("a 1-1 runs; c 1-1 runs; b 1-1 p5", "w1@a w2@c", "a keeps w1; c preempted w2!; b gathers")]
    [InlineData("a 2-2 runs; c 1-1 runs; b 2-2 p5", "w1@a w2@a w3@c", "a preempted w1! w2!; c keeps w3; b gathers")]
    [InlineData("a 1-1 runs; b 3-3 p5", "w1@a w2", "a keeps w1; b toofewworkers")]
    [InlineData("a 1-1 runs p9; c 1-1 runs; b 2-2 p5", "w1@a w2@c", "a keeps w1; c keeps w2; b behind")]
    [InlineData("a 2-2 runs yields:b; b 1-1 p5", "w1@a!b w2@a!b", "a preempted w1! w2!; b gathers")]
    [InlineData("a 2-8 runs yields:b; b 2-2 p5", "w1@a!b w2@a!b w3", "a preempted w1! w2!; b gathers")]
    [InlineData("a 2-2 trained preempted; b 1-1 p5 runs", "w1@b w2", "a behind; b keeps w1")]
    [InlineData("a 2-2 runs trained; b 1-1 p9", "w1", "a keeps; b starts w1")]
    [InlineData("a 1-1 runs trained p5; b 1-8 runs", "w1@b w2@b", "a keeps; b keeps w1 w2")]
    // Nobody is overtaken for ever.
    [InlineData("b 2-2 waited:599; a 1-1 runs", "w1@a w2", "b behind; a keeps w1")]
    [InlineData("b 2-2 waited:600; a 1-1 runs", "w1@a w2", "b gathers; a preempted w1!")]
    [InlineData("b 2-2 waited:600; a 1-1 runs p1", "w1@a w2", "b behind; a keeps w1")]
    [InlineData("a 1-1 runs; b 2-2 waited:900", "w1@a w2", "a keeps w1; b behind")]
    [InlineData("b 2-2 waited:900 ns:x; a 1-1 runs ns:y", "w1@a w2", "b gathers; a preempted w1!")]
    [InlineData("e 1-1 runs ns:x; b 2-2 waited:900 ns:x; a 1-1 runs ns:y", "w1@e w2@a w3", "e keeps w1; b behind; a keeps w2")]
    [InlineData("b 9-9 waited:900; a 1-1 runs", "w1@a w2", "b toofewworkers; a keeps w1")]
    // Workers that compute alike.
    [InlineData("a 1-8", "w1:y w2 w3", "a starts w2 w3")]
    [InlineData("a 2-2", "w1 w2:y w3:y", "a starts w2 w3")]
    [InlineData("a 2-8 trained kind:y", "w1 w2 w3:y", "a starts w3")]
    [InlineData("a 3-3; b 1-1", "w1 w2 w3:y", "a toofewworkers; b starts w1")]
    [InlineData("a 1-8 trained kind:z; b 2-2", "w1 w2", "a toofewworkers; b starts w1 w2")]
    [InlineData("a 1-8 trained kind:x", "w1 w2:y@a", "a starts w1")]
    [InlineData("a 1-8 runs trained", "w1@a w2:y w3:y", "a keeps w1")]
    [InlineData(
        "a 1-8 runs; c 1-8 runs kind:y; b 1-1 trained kind:y",
        "w1@a w2@a w3:y@c w4:y@c",
        "a keeps w1 w2; c givesback w3 w4!; b gathers"
    )]
    public void Decide_Jobs_GetWorkersByOrderPriorityAndNeed(string jobs, string workers, string expected) =>
        Assert.Equal(expected, QueueText.Decided(QueueText.State(jobs, workers)));

    [Theory]
    // Fair shares: of namespaces with equal priority the one that has less goes first.
    [InlineData("a 1-1 runs ns:x; b 1-1 ns:x; c 1-1 ns:y", "w1@a w2", "", "", "a keeps w1; b behind; c starts w2")]
    [InlineData(
        "a 1-1 runs ns:x; d 1-1 runs ns:y; b 1-1 ns:x; c 1-1 ns:y",
        "w1@a w2@d w3",
        "",
        "x=3",
        "a keeps w1; d keeps w2; b starts w3; c behind"
    )]
    [InlineData("a 1-8 ns:x; b 1-8 ns:y", "w1 w2 w3 w4", "", "", "a starts w1 w3; b starts w2 w4")]
    [InlineData("a 1-8 ns:x; b 1-8 ns:y", "w1 w2 w3 w4", "", "y=3", "a starts w1; b starts w2 w3 w4")]
    [InlineData("a 1-1 runs ns:x; b 1-1 ns:x p1; c 1-1 ns:y", "w1@a w2", "", "", "a keeps w1; b starts w2; c behind")]
    // Quotas.
    [InlineData("a 1-8 ns:x; b 1-1 ns:x; c 1-1 ns:y", "w1 w2 w3 w4 w5", "x=2", "", "a starts w1; b starts w3; c starts w2")]
    [InlineData("a 2-2 runs ns:x; b 1-1 ns:x", "w1@a w2@a w3", "x=2", "", "a keeps w1 w2; b overquota")]
    [InlineData("a 1-8 runs ns:x; b 1-1 ns:x", "w1@a w2@a w3", "x=2", "", "a givesback w1 w2!; b gathers")]
    [InlineData("a 1-8 runs ns:x; b 1-1 ns:x", "w1@a w2@a!b w3", "x=2", "", "a givesback w1 w2!; b gathers")]
    [InlineData("a 2-2 runs ns:x; b 1-1 ns:x p5", "w1@a w2@a w3", "*=2", "", "a preempted w1! w2!; b gathers")]
    [InlineData("a 3-3 ns:x; b 1-1 ns:x", "w1 w2 w3", "x=2", "", "a overquota; b starts w1")]
    [InlineData("a 1-8 ns:x", "w1 w2 w3", "*=0", "", "a overquota")]
    [InlineData("a 1-8 ns:x", "w1 w2 w3", "*=0,x=2", "", "a starts w1 w2")]
    public void Decide_Namespaces_GetTheirSharesWithinTheirQuotas(
        string jobs,
        string workers,
        string quotas,
        string shares,
        string expected
    ) => Assert.Equal(expected, QueueText.Decided(QueueText.State(jobs, workers, quotas, shares)));

    [Theory]
    [InlineData("a 4-4", "w1 w2", "", "needs 4 workers, 2 are here")]
    [InlineData("a 1-1", "", "", "needs 1 worker, 0 are here")]
    [InlineData("b 1-1 runs; a 2-2", "w1@b w2", "", "needs 2 workers, 1 of 2 are free: behind b (1 worker)")]
    [InlineData("b 1-1 runs ns:x; a 2-2", "w1@b w2", "", "needs 2 workers, 1 of 2 are free: behind a job of another namespace (1 worker)")]
    [InlineData("c 1-1 runs; b 2-2; a 2-2", "w1@c w2", "", "behind b; needs 2 workers")]
    [InlineData("c 1-1 runs; b 9-9; a 2-2", "w1@c w2", "", "needs 2 workers, 1 of 2 are free: behind c (1 worker)")]
    [InlineData("b 1-8 runs; a 2-2", "w1@b w2@b w3", "", "needs 2 workers, 1 are free and 1 come back from others")]
    [InlineData(
        "b 2-2 runs; a 1-1",
        "w1@b w2@b w3",
        "default=2",
        "quota: needs 1 worker, and namespace default has 2 of the 2 that it may have"
    )]
    [InlineData("a 3-3", "w1 w2 w3", "default=2", "quota: needs 3 workers, and namespace default may have 2")]
    [InlineData("a 1-1", "w1", "", "starts with 1 worker")]
    [InlineData("a 1-8 runs; b 1-1", "w1@a w2@a", "", "gives w2 back for b")]
    [InlineData("a 1-1 runs p1; b 1-1 p5", "w1@a", "", "preempted for b, whose priority is 5 and not 1")]
    [InlineData("b 1-1 waited:900; a 1-1 runs", "w1@a", "", "preempted for b, which was submitted earlier")]
    [InlineData("a 1-1 runs; b 1-1 p5 ns:x", "w1@a", "", "preempted for a job of another namespace, whose priority is 5 and not 0")]
    [InlineData("a 1-1 runs", "w1@a", "", "")]
    public void Decide_Reason_HasNumbersAndNames(string jobs, string workers, string quotas, string expected) =>
        Assert.Equal(expected, JobScheduler.Decide(QueueText.State(jobs, workers, quotas))["a"].Reason);

    [Fact]
    public void Decide_Line_NumbersThoseThatWaitInTheOrderOfServing()
    {
        var decided = JobScheduler.Decide(QueueText.State("a 2-2; b 1-1 runs p1; c 2-2 p1; d 1-1", "w1@b w2"));
        Assert.Equal([2, 0, 1, 0], new[] { "a", "b", "c", "d" }.Select(id => decided[id].Position));
    }

    [Theory]
    [InlineData("a 1-8", "w1:y w2 w3", "1 worker computes otherwise and is left aside: w1 (y: cpu of y)")]
    [InlineData(
        "a 3-8",
        "w1 w2 w3:y",
        "no 3 of the free workers compute alike: w1, w2 (x: cpu of x); w3 (y: cpu of y). Start more that are like some of these, or lower "
            + "workers.min"
    )]
    [InlineData("a 4-8", "w1 w2:y", "")]
    [InlineData(
        "a 1-8 trained kind:z",
        "w1 w2",
        "2 workers compute otherwise and are left aside: w1, w2 (x: cpu of x). The job began with z: cpu of z, and goes on to the bit only "
            + "so: start a worker on a machine like those that it began on, or submit it anew"
    )]
    [InlineData(
        "a 1-8 trained kind:x",
        "a1 w1:y w2:y w3:y w4:y w5:y w6:y w7:y",
        "7 workers compute otherwise and are left aside: w1, w2, w3, w4, w5 and 2 more (y: cpu of y)"
    )]
    public void Decide_WorkersThatComputeOtherwise_AreNamedWithWhatHelps(string jobs, string workers, string expected) =>
        Assert.Equal(expected, JobScheduler.Decide(QueueText.State(jobs, workers))["a"].LeftAside);

    [Fact]
    public void Decide_GroupsOfOneSize_TakesThatOfTheWorkerThatRegisteredFirst()
    {
        var state = QueueText.State("a 1-8", "w1 w2 w3:y w4:y");
        var later = state.Workers.Select((w, i) => w with { Registered = w.Registered.AddSeconds(i is 2 ? 0 : 1 + i) }).ToArray();
        Assert.Equal("a starts w3 w4", QueueText.Decided(state with { Workers = later }));
    }
}
