using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Settings;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Queueing;

/// <summary>What holds for the queue's decisions whatever jobs and workers there are.</summary>
public class JobSchedulerPropertyTests
{
    private const int Rounds = 60;
    private static readonly DateTimeOffset s_now = DateTimeOffset.UnixEpoch.AddHours(1);

    private static readonly Arbitrary<QueueState> s_states = (
        from jobs in Gen.ListOf(
            from size in Gen.Choose(1, 4).Zip(Gen.Choose(0, 4))
            from priority in Gen.Elements(0, 0, 0, 5)
            from place in Gen.Elements("default", "default", "x", "y")
            from past in Gen.Elements("new", "new", "trained", "runs", "preempted")
            from bound in Gen.Elements("", "k", "l")
            from waited in Gen.Choose(0, 20)
            select (Min: size.Item1, Max: size.Item1 + size.Item2, priority, place, past, bound, waited)
        )
        from workers in Gen.ListOf(
            from job in Gen.Choose(-3, 4)
            from draining in Gen.Elements(true, false, false, false, false)
            from kind in Gen.Elements("k", "k", "k", "l")
            select (job, draining, kind)
        )
        from quota in Gen.Elements("", "", "x=2", "*=3,default=9")
        select new QueueState(
            s_now,
            [
                .. jobs.Select(
                    (j, i) =>
                        new JobDemand
                        {
                            Id = $"j{i}",
                            Number = i,
                            Namespace = j.place,
                            Priority = j.priority,
                            Min = j.Min,
                            Max = j.Max,
                            Waits = j.past != "runs",
                            Started = j.past != "new",
                            Preempted = j.past == "preempted",
                            Since = s_now.AddMinutes(-j.waited),
                            Arithmetic = j is { past: not "new", bound.Length: > 0 } ? QueueText.Computes(j.bound) : null,
                        }
                ),
            ],
            [
                .. workers.Select(
                    (w, i) =>
                        new WorkerSupply(
                            $"w{i:00}",
                            w.job >= 0 && w.job < jobs.Count ? $"j{w.job}" : "",
                            w.draining,
                            QueueText.Computes(w.kind),
                            DateTimeOffset.UnixEpoch
                        )
                ),
            ],
            new() { WorkerQuotas = NamespaceNumbers.Read(quota, out _)! }
        )
    ).ToArbitrary();

    [Fact]
    public void Decide_AnyState_GivesNobodyTwiceNoMoreThanWantedAndOnlyAlike() =>
        Prop.ForAll(
                s_states,
                state =>
                {
                    var decided = JobScheduler.Decide(state);
                    Assert.Equal(state.Jobs.Select(j => j.Id).Order(), decided.Keys.Order());
                    var given = decided.Values.SelectMany(d => d.Workers).ToArray();
                    Assert.Equal(given.Length, given.Distinct().Count());
                    foreach (var job in state.Jobs)
                    {
                        Check(state, job, decided[job.Id]);
                    }
                }
            )
            .QuickCheckThrowOnFailure();

    /// <summary>Workers go from hand to hand only so often: two jobs do not preempt each other in turn.</summary>
    [Fact]
    public void Decide_CarriedOutAgainAndAgain_ComesToRest() =>
        Prop.ForAll(
                s_states,
                state =>
                {
                    for (var round = 0; ; round++)
                    {
                        Assert.True(round < Rounds, "the queue does not come to rest");
                        var next = CarryOut(state);
                        if (Same(state, next))
                        {
                            break;
                        }
                        state = next;
                    }
                    // Nobody waits although it could start with what is free.
                    var free = state.Workers.Count(w => w.JobId.Length == 0 && !w.Draining && w.Arithmetic.Fingerprint == "k");
                    Assert.DoesNotContain(
                        state.Jobs,
                        j =>
                            j.Waits
                            && j.Least <= free
                            && j.Arithmetic is not { Fingerprint: "l" }
                            && state.Options.WorkerQuotas == NamespaceNumbers.None
                    );
                }
            )
            .QuickCheckThrowOnFailure();

    private static void Check(QueueState state, JobDemand job, Assignment assignment)
    {
        var mine = state.Workers.Where(w => assignment.Workers.Contains(w.Id)).ToArray();
        Assert.True(mine.Count(w => !w.Draining && !assignment.AskedBack.ContainsKey(w.Id)) <= job.Max);
        Assert.All(mine.Where(w => w.JobId != job.Id), w => Assert.False(w.Draining));
        Assert.True(
            mine.Select(w => w.Arithmetic.Fingerprint)
                .Append(job.Arithmetic?.Fingerprint ?? mine.FirstOrDefault()?.Arithmetic.Fingerprint)
                .Distinct()
                .Count() <= 1
        );
        if (assignment.Verdict == QueueVerdict.Starts)
        {
            Assert.True(mine.Length >= job.Least, $"{job.Id} starts with {mine.Length} workers");
        }
        if (assignment.Position > 0)
        {
            Assert.NotEqual("", assignment.Reason);
            Assert.All(mine, w => Assert.True(w.Draining));
        }
        // Nobody is asked for a part by a job of lower priority, and whoever keeps some keeps its minimum.
        if (assignment is { Verdict: QueueVerdict.GivesBack })
        {
            Assert.True(mine.Length - assignment.AskedBack.Count >= job.Min);
        }
    }

    /// <summary>The state after the workers have moved as it was decided, and no time has passed.</summary>
    private static QueueState CarryOut(QueueState state)
    {
        var decided = JobScheduler.Decide(state);
        var holder = decided.SelectMany(d => d.Value.Workers.Select(id => (id, d.Key))).ToDictionary(p => p.id, p => p.Key);
        var asked = decided.Values.SelectMany(d => d.AskedBack.Keys).ToHashSet();
        return state with
        {
            Jobs =
            [
                .. state.Jobs.Select(j =>
                    decided[j.Id] switch
                    {
                        { Verdict: QueueVerdict.Preempted } => j with { Waits = true, Started = true, Preempted = true },
                        { Workers.IsEmpty: false } => j with { Waits = false, Started = true, Preempted = false },
                        _ => j,
                    }
                ),
            ],
            Workers = [.. state.Workers.Select(w => w with { JobId = asked.Contains(w.Id) ? "" : holder.GetValueOrDefault(w.Id, "") })],
        };
    }

    private static bool Same(QueueState one, QueueState other) =>
        one.Jobs.SequenceEqual(other.Jobs) && one.Workers.SequenceEqual(other.Workers);
}
