using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Ledger;

public class LedgerAuditorTests
{
    private const int Sentences = 500;
    private const int Shards = 8;

    private static readonly SentenceLengths s_lengths = new(
        [.. Enumerable.Range(0, Sentences).Select(i => 3 + i % 17)],
        [.. Enumerable.Range(0, Sentences).Select(i => 2 + i % 19)]
    );

    private static EpochPlan Plan(int epoch) => EpochPlan.Of(new BatchPlan(s_lengths, "fingerprint", 7, epoch, 100, Shards));

    private static (JobLedger View, LedgerAudit Audit) Audit(
        IReadOnlyList<LedgerEntry> entries,
        Func<int, EpochPlan>? plan = null,
        JobPhase phase = JobPhase.Running,
        Action<StoredJob>? change = null
    )
    {
        var state = JobMachine.Create("job", JobSpecDefaults.Fill(new JobSpec()), DateTimeOffset.UnixEpoch);
        var job = new StoredJob(1, "job", "", state.Spec, DateTimeOffset.UnixEpoch, state.Record with { Phase = phase }, new JobProgress());
        change?.Invoke(job);
        var lineage = LedgerLineage.Of(entries);
        var view = LedgerView.Of("job", entries, lineage);
        return (view, LedgerAuditor.Audit(view, job, lineage, Sentences, plan ?? Plan, CancellationToken.None));
    }

    private static LedgerEntry Entry(long generation, long baseStep, long reached, long from = 0, params string[] workers) =>
        LedgerLineageTests.Entry(generation, baseStep, reached, from, Shards, workers);

    [Fact]
    public void Audit_TwoEpochsAndABit_EverySentenceOnceAnEpochWhoeverComputedIt()
    {
        var (first, second) = (Plan(0).Steps, Plan(1).Steps);
        var last = first + second + 2;
        var (view, audit) = Audit([Entry(1, 0, 9), Entry(2, 4, first + 3, 1, "a", "b", "c"), Entry(3, first + 1, last, 2, "c")]);

        Assert.True(audit.Holds, string.Join("; ", audit.Findings));
        Assert.Equal(
            [(0, 1, first, true, Sentences), (1, first + 1, first + second, true, Sentences)],
            audit.Epochs.Take(2).Select(e => (e.Epoch, (int)e.FirstStep, (int)e.LastStep, e.Whole, (int)e.SentenceCount))
        );
        Assert.Equal((2, false), (audit.Epochs[2].Epoch, audit.Epochs[2].Whole));
        Assert.Equal(audit.Epochs.Sum(e => e.SentenceCount), view.Generations.Sum(g => g.SentenceCount));
        Assert.All(view.Generations, g => Assert.Equal(g.SentenceCount, g.Members.Sum(m => m.SentenceCount)));
        Assert.All(view.Generations, g => Assert.True(g.SentenceCount > 0));
    }

    [Fact]
    public void Audit_PlanThatRepeatsAndForgets_IsFoundBySentence()
    {
        // Step 2 gives shard 0 the sentences of shard 1 as well, so its own are never used.
        EpochPlan Spoilt(int epoch) =>
            Plan(epoch) is var plan
                ? plan with
                {
                    MicroBatch = (step, shard) => plan.MicroBatch(step, step == 1 && shard == 0 ? 1 : shard),
                }
                : throw new InvalidOperationException();
        var (_, audit) = Audit([Entry(1, 0, Plan(0).Steps)], Spoilt);
        Assert.False(audit.Holds);
        var (doubled, lost) = (Plan(0).MicroBatch(1, 1).Count, Plan(0).MicroBatch(1, 0).Count);
        Assert.Equal(
            [$"{doubled} sentences of epoch 0 were used more than once", $"{lost} sentences of epoch 0 were not used"],
            audit.Findings
        );
    }

    [Fact]
    public void Audit_GapInTheRecordOrShardsOfNobody_DoesNotHold()
    {
        Assert.False(Audit([Entry(2, 3, 9)]).Audit.Holds);
        var entry = Entry(1, 0, 9);
        entry.Plan.Members.RemoveAt(0);
        Assert.Contains(Audit([entry]).Audit.Findings, f => f.Contains("8 shards once", StringComparison.Ordinal));
    }

    [Fact]
    public void Audit_JobSucceededBeforeItsLastStep_DoesNotHoldUnlessItMayStopEarly()
    {
        Assert.True(Audit([Entry(1, 0, 9)], phase: JobPhase.Succeeded, change: j => j.Progress.TotalStepCount = 9).Audit.Holds);
        Assert.False(Audit([Entry(1, 0, 9)], phase: JobPhase.Succeeded, change: j => j.Progress.TotalStepCount = 10).Audit.Holds);
        Assert.True(
            Audit(
                [Entry(1, 0, 9)],
                phase: JobPhase.Succeeded,
                change: j => (j.Progress.TotalStepCount, j.Spec.Evaluation.Patience) = (10, 2)
            ).Audit.Holds
        );
    }
}
