using System.Text.Json.Nodes;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.Decisions;

/// <summary>What is done for an object, by itself: no API server, no coordinator.</summary>
public sealed class ReconcilerTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly ReconcileOptions s_options = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));
    private static readonly string s_fingerprint = new('f', 64);

    [Fact]
    public void Decide_NewObject_HoldsItBeforeAnythingIsMade() =>
        Assert.Equal([new ReconcileAction.AddFinalizer()], Decide(Item(finalizer: false)).Actions);

    [Fact]
    public void Decide_WithoutAJob_MakesOneOfTheObject()
    {
        var create = Assert.IsType<ReconcileAction.CreateJob>(Assert.Single(Decide(Item()).Actions));
        Assert.Equal(
            ("name", s_fingerprint, false),
            (create.Spec.Name, create.Spec.Dataset.Fingerprint, create.Spec.HasTtlSecondsAfterFinished)
        );
    }

    [Fact]
    public void Decide_DoneAgain_DoesNothing()
    {
        var job = Job(JobPhase.Waiting);
        var first = Decide(Item(), job);
        var status = Assert.IsType<ReconcileAction.WriteStatus>(Assert.Single(first.Actions)).Status;
        var item = Item() with { Status = status.ToJson([], s_now) };
        Assert.Empty(Decide(item, job).Actions);
        Assert.Empty(Decide(item, job, at: s_now.AddHours(1)).Actions);
    }

    [Fact]
    public void Decide_ProgressAlone_IsWrittenNowAndThen()
    {
        var job = Job(JobPhase.Running, new JobProgress { Step = 1, TotalStepCount = 10 });
        var item = Written(Item(), job);
        var later = Job(JobPhase.Running, new JobProgress { Step = 2, TotalStepCount = 10 });
        Assert.Empty(Decide(item, later, written: s_now, at: s_now.AddSeconds(9)).Actions);
        Assert.IsType<ReconcileAction.WriteStatus>(Assert.Single(Decide(item, later, written: s_now, at: s_now.AddSeconds(10)).Actions));
        // Another state is news at once.
        var ended = Job(JobPhase.Succeeded, later.Progress);
        Assert.IsType<ReconcileAction.WriteStatus>(Assert.Single(Decide(item, ended, written: s_now, at: s_now).Actions));
    }

    [Theory]
    [InlineData("model", """{"dropout":0.5}""", "spec.model.dropout is 0.5, but the job was made with 0.1")]
    [InlineData("workers", """{"min":2}""", "spec.workers.min is 2, but the job was made with 1")]
    [InlineData("activeDeadlineSeconds", "9", "spec.deadlineSeconds is 9, but the job was made with 0")]
    [InlineData("colour", "\"blue\"", "spec.colour: is no known field")]
    public void Decide_ChangeThatAJobCannotFollow_IsRefusedWithTheFieldAndLeavesTheJob(string field, string value, string expected)
    {
        var item = Item();
        item.Spec[field] = JsonNode.Parse(value);
        var decided = Decide(
            Written(item with { Spec = Item().Spec }, Job(JobPhase.Running)) with
            {
                Spec = item.Spec,
                Generation = 2,
            },
            Job(JobPhase.Running)
        );
        Assert.Collection(
            decided.Actions,
            action => Assert.Contains(expected, Assert.IsType<ReconcileAction.Announce>(action).What.Message, StringComparison.Ordinal),
            action =>
            {
                var condition = Assert.Single(
                    Assert.IsType<ReconcileAction.WriteStatus>(action).Status.Conditions,
                    c => c.Type == "ChangesRefused"
                );
                Assert.True(condition.Holds);
                Assert.Contains(expected, condition.Message, StringComparison.Ordinal);
            }
        );
    }

    [Fact]
    public void Decide_ChangesThatAJobCanFollow_ChangeIt()
    {
        var item = Written(Item(), Job(JobPhase.Running));
        item.Spec["priority"] = 5;
        item.Spec["workers"] = new JsonObject { ["max"] = 2 };
        var update = Assert.Single(Decide(item, Job(JobPhase.Running)).Actions.OfType<ReconcileAction.UpdateJob>());
        Assert.Equal(["priority", "workers.max"], update.Paths.Order());
    }

    [Fact]
    public void Decide_JobThatAnotherSuspended_GoesOnAsTheObjectSays() =>
        Assert.Equal(new ReconcileAction.ResumeJob("id"), Decide(Item(), Job(JobPhase.Suspended)).Actions[0]);

    [Fact]
    public void Decide_EndedJob_IsNeitherSuspendedNorChanged()
    {
        var item = Item();
        item.Spec["suspend"] = true;
        item.Spec["priority"] = 9;
        Assert.IsType<ReconcileAction.WriteStatus>(Assert.Single(Decide(item, Job(JobPhase.Failed)).Actions));
    }

    [Fact]
    public void Decide_DeletedObject_CancelsThenDeletesThenLetsGo()
    {
        var item = Item() with { Deleting = true };
        Assert.IsType<ReconcileAction.CancelJob>(Assert.Single(Decide(item, Job(JobPhase.BackingOff)).Actions));
        Assert.Equal(
            [new ReconcileAction.DeleteJob("id"), new ReconcileAction.RemoveFinalizer()],
            Decide(item, Job(JobPhase.Cancelled)).Actions
        );
        Assert.Equal([new ReconcileAction.RemoveFinalizer()], Decide(item).Actions);
        Assert.Empty(Decide(item with { Finalizers = ["other/finalizer"] }).Actions);
    }

    [Fact]
    public void Decide_JobLostWithItsStore_WaitsForWorkersThatHoldItThenMakesItAnew()
    {
        var item = Written(Item(), Job(JobPhase.Running));
        var waits = Assert.IsType<ReconcileAction.WriteStatus>(Decide(item, at: s_now.AddSeconds(29)).Actions[^1]);
        Assert.Contains("workers that may hold the job", waits.Status.Reason, StringComparison.Ordinal);
        Assert.IsType<ReconcileAction.CreateJob>(Assert.Single(Decide(item, at: s_now.AddSeconds(30)).Actions));
    }

    [Fact]
    public void Decide_EndedJobThatIsGone_IsNotMadeAgain()
    {
        var item = Written(Item(), Job(JobPhase.Succeeded));
        Assert.Empty(Decide(item, at: s_now.AddHours(1)).Actions);
        item.Spec["ttlSecondsAfterFinished"] = 60L;
        Assert.IsType<ReconcileAction.DeleteObject>(Assert.Single(Decide(item, at: s_now.AddHours(1)).Actions));
    }

    [Fact]
    public void Decide_RefusedForGood_IsFailedAndNotTriedAgain()
    {
        var decided = Reconciler.Decide(
            Observed(Item(), null) with
            {
                Refusal = "spec.priority: 5 is more than jobs of namespace ns may have",
                RefusedForGood = true,
            },
            s_now,
            s_options
        );
        Assert.DoesNotContain(decided.Actions, action => action is ReconcileAction.CreateJob);
        Assert.Equal("Failed", Assert.IsType<ReconcileAction.WriteStatus>(decided.Actions[^1]).Status.State);
    }

    private static TrainingJob Written(TrainingJob item, StoredJob job) =>
        item with
        {
            Status = Decide(item, job).Actions.OfType<ReconcileAction.WriteStatus>().Single().Status.ToJson([], s_now),
        };

    private static Reconciliation Decide(
        TrainingJob item,
        StoredJob? job = null,
        DateTimeOffset? written = null,
        DateTimeOffset? at = null
    ) => Reconciler.Decide(Observed(item, job) with { StatusWritten = written }, at ?? s_now, s_options);

    private static Observed Observed(TrainingJob item, StoredJob? job) =>
        new(item, TrainingJobSpecReader.Read(item), job) { LeadsSince = s_now };

    private static TrainingJob Item(bool finalizer = true) =>
        new()
        {
            Namespace = "ns",
            Name = "name",
            Uid = "u",
            ResourceVersion = "1",
            Generation = 1,
            Finalizers = finalizer ? [TrainingJobNames.Finalizer] : [],
            Spec = new() { ["dataset"] = new JsonObject { ["fingerprint"] = s_fingerprint } },
            Status = [],
        };

    private static StoredJob Job(JobPhase phase, JobProgress? progress = null)
    {
        var spec = JobSpecDefaults.Fill(
            new JobSpec
            {
                Name = "name",
                Dataset = new() { Fingerprint = s_fingerprint },
            }
        );
        var ended = phase.HasEnded() ? s_now : (DateTimeOffset?)null;
        return new(1, "id", "u", spec, s_now, new(phase, "reason", 1, null, s_now, ended, "", ActiveTime.None), progress ?? new())
        {
            Namespace = "ns",
        };
    }
}
