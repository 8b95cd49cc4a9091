using Grpc.Core;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Transport;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.Training;

public sealed class RecoveryTests
{
    [Fact]
    public async Task Checkpoint_FreshWorkerGoesOnFromIt_GivesTheWeightsOfAnUndisturbedRun()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var spec = cluster.Spec(s => s.Checkpoint.EverySteps = 4);
        var expected = await InvarianceTests.TrainAsync(cluster, spec);
        var stored =
            cluster.Members[0].Seen.OfType<CheckpointReport>().SingleOrDefault() ?? await cluster.Members[0].NextAsync<CheckpointReport>();
        Assert.Equal((4, ""), (stored.Step, stored.Error));
        Assert.True(cluster.Coordinator.Files.Folders.ContainsKey(stored.CheckpointId));
        // In the middle of an epoch: the equal weights prove that it goes on at the very next sentence.
        using (var dataset = Dataset.Open(cluster.DatasetFolder))
        {
            var plan = JobSpecDefaults.Fill(spec).PlanTraining(dataset);
            Assert.InRange(plan.Locate(stored.Step).StepInEpoch, 1, plan.StepsInEpoch(0) - 1);
        }

        var fresh = await cluster.AddAsync();
        await cluster.BeginAsync("job", 2, spec, [fresh], stored.CheckpointId, baseStep: 4);
        Assert.Equal(expected, (await fresh.NextAsync<TrainingCompleted>()).WeightsSha256);
        Assert.Equal([5, 6], fresh.Seen.OfType<StepReport>().Select(report => report.Step));
    }

    [Fact]
    public async Task Checkpoint_Damaged_IsRefused()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var spec = cluster.Spec(s => s.Checkpoint.EverySteps = 4);
        await InvarianceTests.TrainAsync(cluster, spec);
        var member = cluster.Members[0];
        var stored = member.Seen.OfType<CheckpointReport>().SingleOrDefault() ?? await member.NextAsync<CheckpointReport>();
        var bytes = cluster.Coordinator.Files.Folders[stored.CheckpointId]["state.safetensors"];
        bytes[bytes.Length / 2] ^= 0x40;

        var fresh = await cluster.AddAsync();
        await cluster.BeginAsync("job", 2, spec, [fresh], stored.CheckpointId, baseStep: 4);
        Assert.Equal("DamagedData", (await fresh.NextAsync<GenerationFailed>()).Stage);
        Assert.False(fresh.Trainer.Running!.HasState);
    }

    [Theory]
    [InlineData("another step")]
    [InlineData("no state")]
    public async Task Checkpoint_WholeButOfNoUse_IsToldFromOneThatWasDamagedOnItsWay(string kind)
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var spec = cluster.Spec(s => s.Checkpoint.EverySteps = 4);
        await InvarianceTests.TrainAsync(cluster, spec);
        var member = cluster.Members[0];
        var stored = member.Seen.OfType<CheckpointReport>().SingleOrDefault() ?? await member.NextAsync<CheckpointReport>();
        if (kind == "no state")
        {
            cluster.Coordinator.Files.Keep(
                stored.CheckpointId,
                new() { ["state.safetensors"] = [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'] }
            );
        }

        var fresh = await cluster.AddAsync();
        await cluster.BeginAsync("job", 2, spec, [fresh], stored.CheckpointId, baseStep: kind == "another step" ? 5 : 4);
        Assert.Equal(FailureStages.BadCheckpoint, (await fresh.NextAsync<GenerationFailed>()).Stage);
        Assert.False(fresh.Trainer.Running!.HasState);
    }

    [Fact]
    public async Task Checkpoint_ShardedOverTheWorkers_IsTheSameToTheByte()
    {
        await using var one = await TestCluster.StartAsync(1);
        await InvarianceTests.TrainAsync(one, one.Spec(s => s.Checkpoint.EverySteps = 4));
        if (!one.Members[0].Seen.OfType<CheckpointReport>().Any())
        {
            await one.Members[0].NextAsync<CheckpointReport>();
        }
        var whole = one.Coordinator.Files.Folders["job/checkpoints/4"];

        await using var three = await TestCluster.StartAsync(3);
        await InvarianceTests.TrainAsync(three, three.Spec(s => (s.Checkpoint.EverySteps, s.Checkpoint.Sharded) = (4, true)));
        await UntilAsync(() => three.Coordinator.Files.Folders.ContainsKey("job/checkpoints/4"));
        var spread = three.Coordinator.Files.Folders["job/checkpoints/4"];

        Assert.Equal(whole.Keys.Order(), spread.Keys.Order());
        Assert.All(whole, file => Assert.Equal(file.Value, spread[file.Key]));
        var third = whole["state.safetensors"].Length / 3.0;
        Assert.All(three.Coordinator.Files.Parts[4], part => Assert.InRange(part["state.safetensors"].Length, third - 1, third + 1));
    }

    [Fact]
    public async Task Checkpoint_ShardedAndDueByTime_IsTakenByAllAfterTheSameStep()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        await cluster.BeginAsync(
            "job",
            1,
            cluster.Spec(s => (s.Checkpoint.EverySeconds, s.Checkpoint.Sharded, s.Training.Steps) = (1, true, 1_000_000)),
            cluster.Members
        );
        await UntilAsync(() => cluster.Coordinator.Files.Folders.Keys.Any(name => name.Contains("checkpoints", StringComparison.Ordinal)));
    }

    private static async Task UntilAsync(Func<bool> happened)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromMinutes(2));
        while (!happened())
        {
            await Task.Delay(20, timeout.Token);
        }
    }

    [Fact]
    public async Task Checkpoint_CoordinatorsDiskIsFull_IsReportedAndTrainingGoesOn()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        cluster.Coordinator.Files.Refusal = new Status(StatusCode.ResourceExhausted, "no space left");
        await cluster.BeginAsync("job", 1, cluster.Spec(s => s.Checkpoint.EverySteps = 2), cluster.Members);
        var report = await cluster.Members[0].NextAsync<CheckpointReport>();
        Assert.Contains("no space left", report.Error, StringComparison.Ordinal);
        await cluster.Members[0].NextAsync<TrainingCompleted>();
    }

    [Fact]
    public async Task Prepare_NewerGenerationInTheMiddle_EndsTheOldOneAndKeepsTheState()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var spec = cluster.Spec(s => s.Training.Steps = 100000);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        await cluster.Members[0].NextAsync<StepReport>(report => report.Step == 2);
        cluster.Prepare("job", 2, spec, cluster.Members);
        foreach (var member in cluster.Members)
        {
            var prepared = await member.NextAsync<RendezvousJoined>(generation: 2);
            // One of them may have been ended within the step that the other had just done.
            Assert.True(prepared.HasState && prepared.CompletedStep >= 1);
            Assert.False(member.Trainer.Running!.Training);
        }

        // Within one step of each other, whoever heard of it first.
        Assert.InRange(
            Math.Abs(cluster.Members[0].Trainer.Running!.CompletedStep - cluster.Members[1].Trainer.Running!.CompletedStep),
            0,
            1
        );
    }

    [Fact]
    public async Task Commands_OfOlderGenerations_AreDroppedAndCounted()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var member = cluster.Members[0];
        cluster.Prepare("job", 5, cluster.Spec(), cluster.Members);
        await member.NextAsync<RendezvousJoined>();
        cluster.Prepare("job", 4, cluster.Spec(), cluster.Members);
        member.Trainer.Start(new StartGeneration { JobId = "job", Generation = 4 });
        member.Trainer.Start(new StartGeneration { JobId = "other", Generation = 5 });
        member.Trainer.Stop(new StopTraining { JobId = "job", Generation = 4 });
        Assert.Equal(4, member.Trainer.StaleCommands);
        Assert.Equal(5, member.Trainer.Running!.Generation);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_InTheMiddle_KeepsTheStateOnlyIfAsked(bool keep)
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var member = cluster.Members[0];
        await cluster.BeginAsync("job", 1, cluster.Spec(s => s.Training.Steps = 100000), cluster.Members);
        await member.NextAsync<StepReport>(report => report.Step == 2);
        member.Trainer.Stop(
            new StopTraining
            {
                JobId = "job",
                Generation = 1,
                KeepState = keep,
                Reason = "test",
            }
        );
        Assert.True((await member.NextAsync<TrainingStopped>()).CompletedStep >= 2);
        Assert.Equal(keep, member.Trainer.Running?.HasState ?? false);
    }

    [Fact]
    public async Task Stop_StateIsToBeStored_StoresItAndThenSaysSo()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var member = cluster.Members[0];
        var spec = cluster.Spec(s => s.Training.Steps = 100000);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        await member.NextAsync<StepReport>(report => report.Step == 2);
        // The number 3 was called by the coordinator and never planned: the state is the work of generation 1.
        member.Trainer.Stop(
            new StopTraining
            {
                JobId = "job",
                Generation = 3,
                KeepState = true,
                StoreCheckpoint = true,
                Reason = "test",
            }
        );
        var stopped = await member.NextAsync<TrainingStopped>();
        var stored = Assert.Single(member.Seen.OfType<CheckpointReport>());
        Assert.Equal((stopped.CompletedStep, ""), (stored.Step, stored.Error));
        Assert.Contains(stored.CheckpointId, cluster.Coordinator.Files.Folders.Keys);

        // What is stored already is not stored again.
        member.Trainer.Stop(
            new StopTraining
            {
                JobId = "job",
                Generation = 3,
                KeepState = true,
                StoreCheckpoint = true,
                Reason = "again",
            }
        );
        await member.NextAsync<TrainingStopped>();
        Assert.Single(member.Seen.OfType<CheckpointReport>());
    }

    [Fact]
    public async Task Stop_StateCannotBeStored_SaysSoAndKeepsIt()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var member = cluster.Members[0];
        cluster.Coordinator.Files.Refusal = new Status(StatusCode.ResourceExhausted, "no space left");
        await cluster.BeginAsync("job", 1, cluster.Spec(s => s.Training.Steps = 100000), cluster.Members);
        await member.NextAsync<StepReport>(report => report.Step == 2);
        member.Trainer.Stop(
            new StopTraining
            {
                JobId = "job",
                Generation = 1,
                KeepState = true,
                StoreCheckpoint = true,
                Reason = "test",
            }
        );
        await member.NextAsync<TrainingStopped>();
        Assert.Contains("no space left", Assert.Single(member.Seen.OfType<CheckpointReport>()).Error, StringComparison.Ordinal);
        Assert.True(member.Trainer.Running!.HasState);
    }

    [Fact]
    public async Task Prepare_AtABoundary_AllEndWithTheSameStepAndNobodyFails()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        var spec = cluster.Spec(s => (s.Training.Steps, s.Evaluation.EverySteps) = (100000, -1));
        cluster.Members[2].Hold.After(2);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        await cluster.Members[2].NextAsync<StepReport>(report => report.Step == 2);
        // Nobody gets beyond the step after the one in which one of them is held.
        const int Boundary = 20;
        foreach (var member in cluster.Members)
        {
            member.Trainer.Prepare(
                new OpenRendezvous
                {
                    JobId = "job",
                    Generation = 2,
                    Spec = spec,
                    Reason = "test",
                    FinishStep = Boundary,
                }
            );
        }
        cluster.Members[2].Hold.Release();
        foreach (var member in cluster.Members)
        {
            var prepared = await member.NextAsync<RendezvousJoined>(generation: 2);
            Assert.Equal((true, Boundary), (prepared.HasState, prepared.CompletedStep));
            // As many steps as it takes to measure.
            Assert.True(prepared.ShardsPerSecond > 0);
            Assert.Empty(member.Seen.OfType<GenerationFailed>());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000_000)]
    public async Task Prepare_BoundaryIsBehindOrTheCallIsRepeatedWithoutOne_EndsAtOnce(long boundary)
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var spec = cluster.Spec(s => (s.Training.Steps, s.Evaluation.EverySteps) = (2_000_000, -1));
        cluster.Members[0].Hold.After(3);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        await cluster.Members[0].NextAsync<StepReport>(report => report.Step == 3);
        foreach (var member in cluster.Members)
        {
            member.Trainer.Prepare(
                new OpenRendezvous
                {
                    JobId = "job",
                    Generation = 2,
                    Spec = spec,
                    Reason = "test",
                    FinishStep = boundary,
                }
            );
        }
        if (boundary > 1)
        {
            cluster.Prepare("job", 2, spec, cluster.Members);
        }
        cluster.Members[0].Hold.Release();
        foreach (var member in cluster.Members)
        {
            Assert.InRange((await member.NextAsync<RendezvousJoined>(generation: 2)).CompletedStep, 2, 4);
        }
    }

    [Fact]
    public async Task Prepare_Newcomer_HasDatasetAndModelWhenItAnswers()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var member = cluster.Members[0];
        cluster.Prepare("job", 1, cluster.Spec(), cluster.Members);
        var prepared = await member.NextAsync<RendezvousJoined>();
        Assert.False(prepared.HasState);
        Assert.True(member.Trainer.Running is { Ready: true, HasState: false, Training: false });
    }

    [Fact]
    public async Task Prepare_DatasetIsNotToBeHad_FailsThisGenerationHere()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        cluster.Prepare("job", 1, cluster.Spec(s => s.Dataset.Fingerprint = new string('a', 64)), cluster.Members);
        Assert.Equal("CoordinatorUnreachable", (await cluster.Members[0].NextAsync<GenerationFailed>()).Stage);
        Assert.False(cluster.Members[0].Trainer.Running!.Ready);
    }

    [Fact]
    public async Task Start_StateThatNobodyHas_FailsTheGeneration()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await cluster.BeginAsync("job", 1, cluster.Spec(), cluster.Members, baseStep: 3);
        Assert.Equal("NoState", (await cluster.Members[0].NextAsync<GenerationFailed>()).Stage);
    }

    [Fact]
    public async Task FetchState_OfAnotherStepOrGenerationOrByAStranger_IsRefused()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        await InvarianceTests.TrainAsync(cluster, cluster.Spec());
        using var channel = CollectiveChannel.Open(cluster.Members[0].Server.Address, new CollectiveOptions());
        Assert.Equal(StatusCode.FailedPrecondition, await AskAsync(generation: 1, step: 5, TestCluster.GroupSecret));
        Assert.Equal(StatusCode.FailedPrecondition, await AskAsync(generation: 0, step: 6, TestCluster.GroupSecret));
        Assert.Equal(StatusCode.PermissionDenied, await AskAsync(generation: 1, step: 6, "guessed"));
        Assert.Equal(StatusCode.PermissionDenied, await AskAsync(generation: 1, step: 6, ""));

        async Task<StatusCode> AskAsync(long generation, long step, string token)
        {
            using var call = channel
                .CreateCallInvoker()
                .AsyncServerStreamingCall(
                    CollectiveWire.FetchState,
                    null,
                    GroupToken.Show(token),
                    new FetchStateRequest
                    {
                        JobId = "job",
                        Generation = generation,
                        Step = step,
                    }
                );
            return (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None))).StatusCode;
        }
    }
}
