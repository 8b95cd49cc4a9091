using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.AllReduce;
using TrainingCluster.Worker.Training;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Tests.Training;

/// <summary>Rounds of steps without an exchange: the weights depend on the specification and the data alone here too.</summary>
public sealed class DiLoCoTests
{
    private const int InnerSteps = 4;

    /// <summary>Four rounds, the last one of two steps.</summary>
    private static JobSpec Spec(TestCluster cluster, Action<JobSpec>? change = null) =>
        cluster.Spec(spec =>
        {
            (spec.Training.Synchronization, spec.Training.InnerSteps, spec.Training.Steps) = ("diloco", InnerSteps, 14);
            change?.Invoke(spec);
        });

    [Fact]
    public async Task Training_OneTwoThreeOrFourWorkers_GivesTheSameWeights()
    {
        var hashes = new List<string>();
        foreach (var workers in (int[])[1, 2, 3, 4])
        {
            await using var cluster = await TestCluster.StartAsync(workers);
            hashes.Add(await InvarianceTests.TrainAsync(cluster, Spec(cluster)));
            Assert.Equal(
                [(4, 4), (8, 4), (12, 4), (14, 2)],
                cluster.Members[^1].Seen.OfType<StepReport>().Select(report => (report.Step, report.Steps))
            );
        }

        Assert.Single(hashes.Distinct());
        await using var plain = await TestCluster.StartAsync(1);
        Assert.NotEqual(hashes[0], await InvarianceTests.TrainAsync(plain, plain.Spec(spec => spec.Training.Steps = 14)));
    }

    [Fact]
    public async Task Training_RoundsThatGrow_GiveTheSameWeightsOnAnyNumberOfWorkers()
    {
        var hashes = new List<string>();
        foreach (var workers in (int[])[1, 2, 4])
        {
            await using var cluster = await TestCluster.StartAsync(workers);
            var spec = Spec(
                cluster,
                spec => (spec.Training.InnerSteps, spec.Training.MaxInnerSteps, spec.Training.WarmupSteps) = (2, 8, 4)
            );
            spec.Training.Schedule = "cosine";
            hashes.Add(await InvarianceTests.TrainAsync(cluster, spec));
            Assert.Equal(
                [(2, 2), (4, 2), (6, 2), (9, 3), (14, 5)],
                cluster.Members[^1].Seen.OfType<StepReport>().Select(report => (report.Step, report.Steps))
            );
        }

        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public async Task Training_WithAndWithoutSharedMemory_GivesTheSameWeights()
    {
        var hashes = new List<string>();
        foreach (var shared in (bool[])[false, true])
        {
            var options = new CollectiveOptions
            {
                FrameBytes = 64 * 1024,
                Timeout = TestGroup.Timeout,
                SharedMemory = shared,
            };
            await using var cluster = await TestCluster.StartAsync(2, options);
            var first = cluster.Members[0];
            first.Hold.After(InnerSteps);
            await cluster.BeginAsync("job", 1, Spec(cluster), cluster.Members);
            await first.NextAsync<StepReport>();
            Assert.Equal(shared ? new(1, 0, 0) : new(0, 1, 0), first.Server.Host.Peers);
            first.Hold.Release();
            foreach (var member in cluster.Members)
            {
                hashes.Add((await member.NextAsync<TrainingCompleted>()).WeightsSha256);
            }
        }

        Assert.Single(hashes.Distinct());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public async Task Training_WorkerDiesInARound_GivesTheWeightsOfAnUndisturbedRun(int dieAtStep)
    {
        await using var undisturbed = await TestCluster.StartAsync(2);
        var expected = await InvarianceTests.TrainAsync(undisturbed, Spec(undisturbed));

        await using var cluster = await TestCluster.StartAsync(3);
        var spec = Spec(cluster);
        cluster.Members[1].Hold.After(dieAtStep);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        await cluster.Members[1].NextAsync<StepReport>(report => report.Step == dieAtStep);
        // The others are in the next round, or wait for this one's part of it.
        await cluster.Members[1].KillAsync();
        var survivors = new[] { cluster.Members[0], cluster.Members[2] };
        foreach (var survivor in survivors)
        {
            await survivor.NextAsync<GenerationFailed>();
        }

        var step = await cluster.BeginAsync("job", 2, spec, survivors);
        Assert.True(step == dieAtStep || step == dieAtStep - InnerSteps, $"the survivors hold step {step}");
        Assert.Equal(expected, (await survivors[1].NextAsync<TrainingCompleted>()).WeightsSha256);
    }

    [Fact]
    public async Task Training_NewWorkerJoins_TakesTheStateFromAPeerAndGivesTheSameWeights()
    {
        await using var undisturbed = await TestCluster.StartAsync(2);
        var expected = await InvarianceTests.TrainAsync(undisturbed, Spec(undisturbed));

        await using var cluster = await TestCluster.StartAsync(2);
        var spec = Spec(cluster);
        cluster.Members[0].Hold.After(InnerSteps);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        await cluster.Members[0].NextAsync<StepReport>(report => report.Step == InnerSteps);
        var newcomer = await cluster.AddAsync();
        // The second member is in a round that is broken off.
        var beginning = cluster.BeginAsync("job", 2, spec, cluster.Members);
        cluster.Members[0].Hold.Release();
        Assert.Equal(InnerSteps, await beginning);
        var started = await newcomer.NextAsync<GenerationStarted>();
        Assert.True(started.StateBytes > 0);
        Assert.Equal(expected, (await newcomer.NextAsync<TrainingCompleted>()).WeightsSha256);
        Assert.Equal(expected, (await cluster.Members[1].NextAsync<TrainingCompleted>()).WeightsSha256);
    }

    [Fact]
    public async Task Checkpoint_FreshWorkerGoesOnFromIt_GivesTheWeightsOfAnUndisturbedRun()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        // Steps 5 and 10 lie within rounds: their checkpoints are those of the ends.
        var spec = Spec(cluster, s => (s.Checkpoint.EverySteps, s.Evaluation.EverySteps) = (7, 5));
        var expected = await InvarianceTests.TrainAsync(cluster, spec);
        var member = cluster.Members[0];
        Assert.Equal([8, 12, 14], member.Seen.OfType<EvaluationReport>().Select(report => report.Step));
        var stored = member.Seen.OfType<CheckpointReport>().SingleOrDefault() ?? await member.NextAsync<CheckpointReport>();
        Assert.Equal((8, ""), (stored.Step, stored.Error));

        var fresh = await cluster.AddAsync();
        await cluster.BeginAsync("job", 2, spec, [fresh], stored.CheckpointId, baseStep: 8);
        Assert.Equal(expected, (await fresh.NextAsync<TrainingCompleted>()).WeightsSha256);
        Assert.Equal([12, 14], fresh.Seen.OfType<StepReport>().Select(report => report.Step));
    }

    [Fact]
    public async Task Training_OnceAnEpoch_IsEvaluatedAfterTheRoundInWhichTheEpochEnds()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var spec = Spec(
            cluster,
            s => (s.Evaluation.EverySteps, s.Training.InnerSteps, s.Training.Epochs, s.Training.BatchTokens) = (0, 3, 3, 1024)
        );
        spec.Training.ClearSteps();
        await InvarianceTests.TrainAsync(cluster, spec);
        using var dataset = Dataset.Open(cluster.DatasetFolder);
        var plan = JobSpecDefaults.Fill(spec).PlanTraining(dataset);
        var total = plan.StepsInEpochs(3);
        // Epochs of fewer steps than a round would share an evaluation.
        var expected = Enumerable.Range(1, 3).Select(epochs => Math.Min((plan.StepsInEpochs(epochs) + 2) / 3 * 3, total)).Distinct();
        Assert.Equal(expected, cluster.Members[0].Seen.OfType<EvaluationReport>().Select(report => report.Step));
        Assert.Equal(total, cluster.Members[0].Seen.OfType<StepReport>().Sum(report => report.Steps));
    }

    [Fact]
    public async Task Training_Rounds_SendsSoManyTimesFewerBytesAStep()
    {
        const int Rounds = 3;
        var perStep = new List<double>();
        foreach (var (synchronization, steps) in new[] { ("all-reduce", Rounds), ("diloco", Rounds * InnerSteps) })
        {
            await using var cluster = await TestCluster.StartAsync(2);
            await InvarianceTests.TrainAsync(
                cluster,
                Spec(cluster, s => (s.Training.Synchronization, s.Training.Steps, s.Evaluation.EverySteps) = (synchronization, steps, -1))
            );
            var reports = cluster.Members[0].Seen.OfType<StepReport>().ToList();
            Assert.Equal(steps, reports.Sum(report => report.Steps));
            // The last report may miss frames that are still under way, the first has those of the start.
            perStep.Add(reports[1].SentBytes / (double)reports[1].Steps);
        }

        // A round exchanges second moments too.
        Assert.InRange(perStep[0] / perStep[1], 0.8 * InnerSteps / 2, 1.2 * InnerSteps / 2);
    }

    /// <summary>
    /// With one shard, one step a round and an outer update that takes it as it is, the first step is a plain one, and the second goes on
    /// from its second moments.
    /// </summary>
    [Fact]
    public async Task Step_RoundOfOneStepOfOneShard_IsAnAdamWStep()
    {
        await using var cluster = await TestCluster.StartAsync(0);
        var (weights, moments) = (new List<float[]>(), new List<float[]>());
        foreach (var synchronization in (string[])["all-reduce", "diloco"])
        {
            var spec = Spec(
                cluster,
                s =>
                {
                    (s.Training.Synchronization, s.Training.InnerSteps, s.Training.LogicalShards) = (synchronization, 1, 1);
                    (s.Training.OuterLearningRate, s.Training.OuterMomentum) = (1, 0);
                }
            );
            using var job = TrainingJob.Create("job", spec, Dataset.Open(cluster.DatasetFolder), CPU);
            var plan = new ProcessGroup(
                "job",
                1,
                0,
                1,
                [new GroupMember("worker-0", new Uri("http://127.0.0.1:1"), [0])],
                0,
                TestCluster.GroupSecret
            );
            var (loop, group) = TrainingLoop.Create(job, plan, new CollectiveOptions(), TimeProvider.System, NullLogger.Instance);
            await using (group)
            {
                var before = job.State.Parameters.Weights.Host.ToArray();
                var result = loop.Step();
                Assert.Equal((1, 1), (result.Step, result.Steps));
                weights.Add(job.State.Parameters.Weights.Host.ToArray());
                Assert.NotEqual(before, weights[^1]);
                Assert.Equal(2, loop.Step().Step);
                moments.Add([.. job.State.Moments.Held[0].Second]);
            }
        }

        // The way over the difference of weights may cost the last bit of a weight that is nearly zero.
        Assert.All(weights[0].Zip(weights[1]), pair => Assert.Equal(pair.First, pair.Second, 1e-8));
        var difference = moments[0].Zip(moments[1], (plain, round) => Math.Abs((double)plain - round)).Sum();
        Assert.InRange(difference / moments[0].Sum(moment => (double)moment), 0, 1e-3);
    }
}
