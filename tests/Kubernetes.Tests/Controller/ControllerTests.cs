using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Kubernetes.Decisions;
using TrainingCluster.Coordinator.Kubernetes.Definition;
using TrainingCluster.Coordinator.Tests;
using TrainingCluster.V1;

namespace TrainingCluster.Kubernetes.Tests.Controller;

/// <summary>From an object to its job and back, through the real client.</summary>
public sealed class ControllerTests : IAsyncLifetime
{
    private ControllerWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await ControllerWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Object_New_GetsAJobOfItsNamespaceWithItsUidAsRequestId()
    {
        var made = await _world.CreateAsync("dates", spec => spec["training"] = new JsonObject { ["steps"] = 7 });
        var job = await _world.JobAsync("dates");
        Assert.Equal(((string?)made["metadata"]!["uid"], "research", "kubernetes"), (job.RequestId, job.Namespace, job.Owner));
        Assert.Equal(("dates", 7L), (job.Spec.Name, job.Spec.Training.Steps));
        var item = await _world.UntilAsync("dates", item => ControllerWorld.State(item) == "Queued");
        Assert.Contains(TrainingJobNames.Finalizer, item["metadata"]!["finalizers"]!.AsArray().Select(name => (string?)name));
        Assert.Equal("True", (string?)TrainingJobStatus.ConditionOf(item["status"]!.AsObject(), "Queued")!["status"]);
    }

    [Fact]
    public async Task Status_OfARunToItsEnd_SaysWhatTheJobSays()
    {
        await _world.CreateAsync("run");
        var job = await _world.JobAsync("run");
        var began = TimeProvider.System.GetUtcNow();
        await _world.SaveAsync(
            job.Id,
            record => record with { Phase = JobPhase.Running, Reason = "trains", Started = began, Generation = 2 },
            new JobProgress
            {
                Step = 40,
                TotalStepCount = 100,
                WorkerCount = 2,
                Loss = 1.23456,
                BestBleu = 31.256,
                BestStep = 30,
                EvaluatedStep = 30,
                RemainingDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(90)),
            },
            Generation(1, GenerationCause.Start),
            Generation(2, GenerationCause.WorkerLost),
            new JobEvent
            {
                Checkpoint = new()
                {
                    Step = 30,
                    SizeBytes = 2_000_000,
                    StoreDuration = Duration.FromTimeSpan(TimeSpan.FromSeconds(0.5)),
                },
            }
        );
        var item = await _world.UntilAsync("run", item => ControllerWorld.State(item) == "Running" && item["status"]!["step"] is not null);
        var status = item["status"]!;
        Assert.Equal(
            (40L, 40L, 2L, 2L),
            ((long)status["step"]!, (long)status["percent"]!, (long)status["workers"]!, (long)status["generation"]!)
        );
        Assert.Equal((1.2346, 31.26), ((double)status["loss"]!, (double)status["bestBleu"]!));
        Assert.Equal((1L, 3L, 30L), ((long)status["recoveries"]!, (long)status["stepsLost"]!, (long)status["checkpointStep"]!));
        Assert.Equal("90s", (string?)status["remaining"]);

        await _world.SaveAsync(
            job.Id,
            record => record with { Phase = JobPhase.Succeeded, Reason = "done", Ended = began.AddSeconds(30), WeightsSha256 = "abc" },
            null,
            new JobEvent
            {
                State = new()
                {
                    State = JobState.Succeeded,
                    Reason = "done",
                    WeightsSha256 = "abc",
                },
            }
        );
        item = await _world.UntilAsync("run", item => ControllerWorld.State(item) == "Complete");
        status = item["status"]!;
        Assert.Equal(("abc", 100L, "took 30s"), ((string)status["weightsSha256"]!, (long)status["percent"]!, (string)status["remaining"]!));
        Assert.Equal("False", (string?)TrainingJobStatus.ConditionOf(status.AsObject(), "Running")!["status"]);
        // What was counted from events is counted once.
        Assert.Equal(1L, (long)status["recoveries"]!);
        var told = _world.Announced("run");
        Assert.Single(
            told,
            text =>
                text.StartsWith(
                    "Warning Recovered: generation 2: a died; 2 workers (a, b) go on from step 10 after 0.6 s",
                    StringComparison.Ordinal
                )
        );
        Assert.Single(told, text => text.StartsWith("Normal CheckpointStored: the checkpoint of step 30", StringComparison.Ordinal));
        Assert.Single(told, text => text == "Normal Complete: done");
    }

    [Fact]
    public async Task Suspend_SetAndTakenAway_SuspendsAndResumesTheJob()
    {
        await _world.CreateAsync("s", spec => spec["suspend"] = true);
        var job = await _world.JobAsync("s");
        await _world.UntilAsync("s", item => ControllerWorld.State(item) == "Suspended");
        await _world.PatchAsync("s", new JsonObject { ["suspend"] = false });
        await _world.UntilAsync("s", item => ControllerWorld.State(item) == "Queued");
        await _world.PatchAsync("s", new JsonObject { ["suspend"] = true });
        await _world.UntilAsync("s", item => ControllerWorld.State(item) == "Suspended");
        Assert.Equal([$"created {job.Id}", $"resume {job.Id}", $"suspend {job.Id}"], _world.Commands);
    }

    [Fact]
    public async Task Edit_PriorityAndMostWorkers_ReachTheJobAndTheQueue()
    {
        await _world.CreateAsync("e");
        var job = await _world.JobAsync("e");

        await _world.PatchAsync(
            "e",
            new JsonObject
            {
                ["priority"] = 7,
                ["workers"] = new JsonObject { ["max"] = 3 },
            }
        );
        await _world.UntilAsync(() => _world.Edits.Contains((job.Id, 7, 3)));

        var changed = (await _world.Store.GetAsync(job.Id))!.Spec;
        Assert.Equal((7, 3), (changed.Priority, changed.Workers.Max));
    }

    [Fact]
    public async Task Object_ManagedByAnother_IsLeftAlone()
    {
        await _world.CreateAsync("theirs", spec => spec["managedBy"] = "kueue.x-k8s.io/multikueue");
        await _world.CreateAsync("ours", spec => spec["managedBy"] = TrainingJobNames.Controller);
        await _world.JobAsync("ours");
        var item = _world.Item("theirs")!;
        Assert.Null(item["metadata"]!["finalizers"]);
        Assert.Null(item["status"]);
        Assert.Single(await _world.Store.NotEndedAsync());
    }

    [Fact]
    public async Task Object_DeletedWhileItsWorkerIsDead_CancelsItsJobAndGoes()
    {
        await _world.CreateAsync("gone");
        var job = await _world.JobAsync("gone");
        await _world.SaveAsync(job.Id, record => record with { Phase = JobPhase.Preparing, Reason = "nobody answers" });
        await _world.DeleteAsync("gone");
        await _world.UntilAsync(() => _world.Item("gone") is null);
        Assert.Contains($"cancel {job.Id}", _world.Commands);
        Assert.Null(await _world.Store.GetAsync(job.Id));
    }

    [Fact]
    public async Task Object_DeletedAndMadeAgain_GetsAnotherJob()
    {
        await _world.CreateAsync("again");
        var first = await _world.JobAsync("again");
        await _world.DeleteAsync("again");
        await _world.UntilAsync(() => _world.Item("again") is null);
        await _world.CreateAsync("again");
        Assert.NotEqual(first.Id, (await _world.JobAsync("again")).Id);
    }

    [Fact]
    public async Task Object_WithANameOf253Characters_GetsAJobAndEvents()
    {
        var name = string.Concat(Enumerable.Repeat("long.name-", 26))[..252] + "z";
        await _world.CreateAsync(name);
        var job = await _world.JobAsync(name);
        Assert.True(job.Spec.Name.Length <= 63, job.Spec.Name);
        await _world.DeleteAsync(name);
        await _world.UntilAsync(() => _world.Item(name) is null);
    }

    [Fact]
    public async Task UnknownField_OfAnotherVersionsDefinition_IsRefusedByTheControllerToo()
    {
        var definition = TrainingJobDefinition.Create();
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!["colour"] =
            new JsonObject { ["type"] = "string" };
        _world.Api.Define(definition);
        await _world.CreateAsync("new", spec => spec["colour"] = "blue");
        var item = await _world.UntilAsync("new", item => ControllerWorld.State(item) == "Failed");
        var failed = TrainingJobStatus.ConditionOf(item["status"]!.AsObject(), "Failed")!;
        Assert.Equal("InvalidSpec", (string?)failed["reason"]);
        Assert.Contains("spec.colour: is no known field", (string?)failed["message"], StringComparison.Ordinal);
        Assert.Empty(_world.Commands);
    }

    [Fact]
    public async Task Definition_ChangedWhileAJobRuns_LeavesTheJobAsItWasMade()
    {
        await _world.CreateAsync("old");
        var job = await _world.JobAsync("old");
        var definition = TrainingJobDefinition.Create();
        var spec = definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!;
        spec["model"]!["properties"]!["dropout"]!["default"] = 0.3;
        _world.Api.Define(definition);
        // A stored object has its defaults; a new field comes with its own.
        await _world.CreateAsync("other");
        Assert.Equal(0.3, (await _world.JobAsync("other")).Spec.Model.Dropout);
        Assert.Equal(job.Spec, (await _world.JobAsync("old")).Spec);
        Assert.Equal("Queued", ControllerWorld.State(_world.Item("old")!));
    }

    [Fact]
    public async Task Dataset_Missing_IsSaidAndTheJobIsMadeWhenItIsThere()
    {
        await _world.CreateAsync("early", spec => spec["dataset"]!["fingerprint"] = new string('0', 64));
        var item = await _world.UntilAsync("early", item => item["status"]?["reason"] is not null);
        Assert.Equal("Pending", ControllerWorld.State(item));
        Assert.Contains("does not hold dataset 0000", (string?)item["status"]!["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_OfAConfigMap_BecomesADatasetAndAJob()
    {
        await _world.CreateAsync(
            "text",
            spec =>
                spec["dataset"] = new JsonObject
                {
                    ["configMap"] = new JsonObject { ["name"] = "pairs" },
                    ["source"] = "a.src",
                    ["target"] = "a.tgt",
                    ["vocabularySize"] = 300,
                }
        );
        var item = await _world.UntilAsync("text", item => item["status"]?["reason"] is not null);
        Assert.Contains("there is no ConfigMap pairs in namespace research", (string?)item["status"]!["reason"], StringComparison.Ordinal);
        _world.Api.Store.Add(
            _world.Api.Type("configmaps"),
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject { ["name"] = "pairs", ["namespace"] = "research" },
                ["data"] = new JsonObject
                {
                    ["a.src"] = string.Concat(Enumerable.Range(0, 200).Select(i => $"the number {i} of {i % 7}\n")),
                    ["a.tgt"] = string.Concat(Enumerable.Range(0, 200).Select(i => $"die Zahl {i} von {i % 7}\n")),
                },
            },
            TimeProvider.System.GetUtcNow()
        );
        var job = await _world.JobAsync("text");
        // The same text gives the same dataset, whoever makes it.
        Assert.Equal(TestDataset.Fingerprint, job.Spec.Dataset.Fingerprint);
    }

    [Fact]
    public async Task Object_WhoseTimeToBeKeptIsOver_GoesWithItsJob()
    {
        await _world.CreateAsync("short", spec => spec["ttlSecondsAfterFinished"] = 1);
        var job = await _world.JobAsync("short");
        await _world.SaveAsync(
            job.Id,
            record => record with { Phase = JobPhase.Failed, Reason = "bad", Ended = TimeProvider.System.GetUtcNow().AddSeconds(-5) }
        );
        await _world.UntilAsync(() => _world.Item("short") is null);
        Assert.Null(await _world.Store.GetAsync(job.Id));
    }

    [Fact]
    public async Task StatusFields_OfOthers_StayTheirs()
    {
        await _world.CreateAsync("shared");
        await _world.JobAsync("shared");
        _world.Api.Store.Update(
            _world.Api.Type(TrainingJobNames.Plural),
            ("research", "shared"),
            present =>
            {
                var next = present.DeepClone().AsObject();
                next["status"]!["conditions"]!
                    .AsArray()
                    .Add(
                        JsonNode.Parse(
                            """
                            {"type":"Admitted","status":"True","reason":"Quota","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}
                            """
                        )
                    );
                return next;
            }
        );
        await _world.PatchAsync("shared", new JsonObject { ["suspend"] = true });
        var item = await _world.UntilAsync("shared", item => ControllerWorld.State(item) == "Suspended");
        Assert.NotNull(TrainingJobStatus.ConditionOf(item["status"]!.AsObject(), "Admitted"));
    }

    [Fact]
    public async Task OwnersAndFinalizers_OfOthers_StayTheirs()
    {
        await _world.CreateAsync("owned");
        var job = await _world.JobAsync("owned");
        _world.Api.Store.Update(
            _world.Api.Type(TrainingJobNames.Plural),
            ("research", "owned"),
            present =>
            {
                var next = present.DeepClone().AsObject();
                next["metadata"]!["ownerReferences"] = JsonNode.Parse(
                    """[{"apiVersion":"batch/v1","kind":"CronJob","name":"nightly","uid":"c","blockOwnerDeletion":true}]"""
                );
                next["metadata"]!["finalizers"]!.AsArray().Add("foregroundDeletion");
                return next;
            }
        );
        await _world.PatchAsync("owned", new JsonObject { ["suspend"] = true });
        await _world.UntilAsync("owned", item => ControllerWorld.State(item) == "Suspended");
        await _world.DeleteAsync("owned");
        var item = await _world.UntilAsync("owned", item => item["metadata"]!["finalizers"]!.AsArray().Count == 1);
        Assert.Equal("foregroundDeletion", (string)item["metadata"]!["finalizers"]![0]!);
        Assert.Equal("nightly", (string)item["metadata"]!["ownerReferences"]![0]!["name"]!);
        Assert.Null(await _world.Store.GetAsync(job.Id));
    }

    [Fact]
    public async Task Object_ThatCannotBeRead_DoesNotKeepOthersFromTheirJobs()
    {
        await _world.CreateAsync("odd");
        await _world.JobAsync("odd");
        // As another version's definition may have let it through.
        _world.Api.Store.Update(
            _world.Api.Type(TrainingJobNames.Plural),
            ("research", "odd"),
            present =>
            {
                var next = present.DeepClone().AsObject();
                next["status"]!["jobId"] = 7;
                return next;
            }
        );
        await _world.CreateAsync("even");
        await _world.JobAsync("even");
        Assert.Equal(7, (int)_world.Item("odd")!["status"]!["jobId"]!);
    }

    private static JobEvent Generation(long number, GenerationCause cause) =>
        new()
        {
            Generation = new()
            {
                Generation = number,
                Workers = { "a", "b" },
                BaseStep = number == 1 ? 0 : 10,
                Reason = "a died",
                Cause = cause,
                RecoveryDuration = number == 1 ? null : Duration.FromTimeSpan(TimeSpan.FromSeconds(0.62)),
                DiscardedStepCount = number == 1 ? 0 : 3,
            },
        };
}
