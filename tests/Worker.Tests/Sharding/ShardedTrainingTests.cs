using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.AllReduce;
using TrainingCluster.Worker.Tests.Training;

namespace TrainingCluster.Worker.Tests.Sharding;

/// <summary>A sharded optimizer gives the weights, and the checkpoints, of one that is not.</summary>
public sealed class ShardedTrainingTests
{
    private static async Task<(string Hash, byte[] State)> ExpectedAsync()
    {
        await using var one = await TestCluster.StartAsync(1);
        var hash = await InvarianceTests.TrainAsync(one, Spec(one, s => s.Training.OptimizerSharding = false));
        return (hash, await CheckpointAsync(one));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    [InlineData(4, false)]
    public async Task Training_OnAnyNumberOfWorkers_GivesTheWeightsAndTheCheckpointOfOne(int workers, bool sharedMemory)
    {
        var (expected, state) = await ExpectedAsync();
        await using var cluster = await TestCluster.StartAsync(
            workers,
            new CollectiveOptions
            {
                FrameBytes = 4 * 1024,
                Timeout = TestGroup.Timeout,
                SharedMemory = sharedMemory,
            }
        );
        Assert.Equal(expected, await InvarianceTests.TrainAsync(cluster, Spec(cluster)));
        Assert.Equal(state, await CheckpointAsync(cluster));
    }

    [Fact]
    public async Task Checkpoint_WrittenByAll_IsThatOfOneWorker_AndAnyNumberGoesOnFromIt()
    {
        var (expected, state) = await ExpectedAsync();
        await using var cluster = await TestCluster.StartAsync(4);
        Assert.Equal(expected, await InvarianceTests.TrainAsync(cluster, Spec(cluster, s => s.Checkpoint.Sharded = true)));
        Assert.Equal(state, await CheckpointAsync(cluster));
        foreach (var sharding in (bool[])[true, false])
        {
            await using var other = await TestCluster.StartAsync(3);
            other.Coordinator.Files.Keep("kept", new() { ["state.safetensors"] = state });
            var spec = Spec(other, s => s.Training.OptimizerSharding = sharding);
            await other.BeginAsync("job", 2, spec, other.Members, "kept", baseStep: 4);
            foreach (var member in other.Members)
            {
                Assert.Equal(expected, (await member.NextAsync<TrainingCompleted>()).WeightsSha256);
            }
        }
    }

    /// <summary>A member dies in a phase of a step's commit; another may not have applied the update yet.</summary>
    [Theory]
    [InlineData("Preparing", null)]
    [InlineData("Applying", null)]
    [InlineData("Gathering", null)]
    [InlineData("Gathering", "Applying")]
    [InlineData("Preparing", null, false)]
    [InlineData("Gathering", "Applying", false)]
    public async Task Training_MemberDiesInAnyPhaseOfACommit_GivesTheWeightsOfAnUndisturbedRun(
        string dying,
        string? other,
        bool sharedMemory = true
    )
    {
        const int Step = 4;
        var (expected, _) = await ExpectedAsync();
        await using var cluster = await TestCluster.StartAsync(0);
        var reached = Enumerable.Range(0, 4).Select(_ => new TaskCompletionSource()).ToArray();
        for (var i = 0; i < 4; i++)
        {
            var number = i;
            var wanted =
                i == 1 ? dying
                : dying == "Preparing" ? null
                : i == 3 && other is not null ? other
                : "Gathering";
            var held = i == 1 || (i == 3 && other is not null);
            await cluster.AddAsync(
                new CollectiveOptions
                {
                    FrameBytes = 4 * 1024,
                    Timeout = TestGroup.Timeout,
                    SharedMemory = sharedMemory,
                    Committing = (phase, step) =>
                    {
                        if (step == Step && phase.ToString() == wanted)
                        {
                            reached[number].TrySetResult();
                            if (held)
                            {
                                cluster.Members[number].Hold.Wait();
                            }
                            if (number == 1)
                            {
                                // Whoever is killed does not go on, whenever the others hear of it.
                                throw new CollectiveException(new CollectiveFailure(CollectiveError.Aborted, "killed", []));
                            }
                        }
                    },
                }
            );
        }
        var spec = Spec(cluster);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        foreach (var member in dying == "Preparing" ? [reached[1]] : reached)
        {
            await member.Task.WaitAsync(TestContext.Current.CancellationToken);
        }
        await cluster.Members[1].KillAsync();
        var survivors = new[] { cluster.Members[0], cluster.Members[2], cluster.Members[3] };
        await survivors[0].NextAsync<GenerationFailed>();
        await survivors[1].NextAsync<GenerationFailed>();
        survivors[2].Hold.Release();
        var last = await survivors[2].NextAsync<GenerationFailed>();
        Assert.Equal(other is null && dying != "Preparing" ? Step : Step - 1, last.Step);

        var step = await cluster.BeginAsync("job", 2, spec, survivors);
        Assert.Equal(dying == "Preparing" ? Step - 1 : Step, step);
        foreach (var survivor in survivors)
        {
            Assert.Equal(expected, (await survivor.NextAsync<TrainingCompleted>()).WeightsSha256);
        }
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 4)]
    [InlineData(4, 5)]
    [InlineData(2, 5)]
    public async Task Training_WorkersJoin_ShareOutTheStateAnew(int before, int after)
    {
        var (expected, _) = await ExpectedAsync();
        await using var cluster = await TestCluster.StartAsync(before);
        var spec = Spec(cluster);
        await HoldAllAsync(cluster, spec, cluster.Members, 3);
        while (cluster.Members.Count < after)
        {
            await cluster.AddAsync();
        }
        await NextGenerationAsync(cluster, spec, cluster.Members, expected);
    }

    [Fact]
    public async Task Training_MembersLeave_HoldNoShareFirst()
    {
        var (expected, _) = await ExpectedAsync();
        await using var cluster = await TestCluster.StartAsync(5);
        var spec = Spec(cluster);
        await HoldAllAsync(cluster, spec, cluster.Members, 2);
        // Two neighbours leave: in this generation the others take over what only they hold.
        var beginning = cluster.BeginAsync("job", 2, spec, cluster.Members, withoutShare: 2);
        foreach (var member in cluster.Members)
        {
            member.Hold.Release();
        }
        await beginning;
        foreach (var member in cluster.Members)
        {
            await member.NextAsync<StepReport>(report => report.Step == 4);
        }
        await NextGenerationAsync(cluster, spec, [.. cluster.Members.Take(3)], expected);
    }

    [Fact]
    public async Task Stop_MembersHoldParts_OneStoresTheWholeState()
    {
        var (_, state) = await ExpectedAsync();
        await using var cluster = await TestCluster.StartAsync(4);
        var spec = Spec(cluster, s => s.Checkpoint.EverySteps = 0);
        await HoldAllAsync(cluster, spec, cluster.Members, 4);
        foreach (var member in cluster.Members)
        {
            member.Trainer.Stop(
                new StopTraining
                {
                    JobId = "job",
                    Generation = 1,
                    Reason = "test",
                    KeepState = true,
                    StoreCheckpoint = member == cluster.Members[0],
                }
            );
            member.Hold.Release();
        }
        var stored = await cluster.Members[0].NextAsync<CheckpointReport>();
        Assert.Equal((4, ""), (stored.Step, stored.Error));
        Assert.Equal(state, cluster.Coordinator.Files.Folders[stored.CheckpointId]["state.safetensors"]);
    }

    private static async Task HoldAllAsync(TestCluster cluster, JobSpec spec, IReadOnlyList<TestCluster.Member> members, int step)
    {
        foreach (var member in members)
        {
            member.Hold.After(step);
        }
        await cluster.BeginAsync("job", 1, spec, members);
        foreach (var member in members)
        {
            await member.NextAsync<StepReport>(report => report.Step == step);
        }
    }

    private static async Task NextGenerationAsync(
        TestCluster cluster,
        JobSpec spec,
        IReadOnlyList<TestCluster.Member> members,
        string expected
    )
    {
        var beginning = cluster.BeginAsync("job", 3, spec, members);
        foreach (var member in cluster.Members)
        {
            member.Hold.Release();
        }
        await beginning;
        foreach (var member in members)
        {
            Assert.Equal(expected, (await member.NextAsync<TrainingCompleted>(generation: 3)).WeightsSha256);
        }
    }

    private static JobSpec Spec(TestCluster cluster, Action<JobSpec>? change = null) =>
        cluster.Spec(spec =>
        {
            (spec.Training.LogicalShards, spec.Training.OptimizerSharding, spec.Checkpoint.EverySteps) = (8, true, 4);
            change?.Invoke(spec);
        });

    private static async Task<byte[]> CheckpointAsync(TestCluster cluster)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromMinutes(2));
        Dictionary<string, byte[]>? files;
        while (!cluster.Coordinator.Files.Folders.TryGetValue("job/checkpoints/4", out files))
        {
            await Task.Delay(20, timeout.Token);
        }
        return files["state.safetensors"];
    }
}
