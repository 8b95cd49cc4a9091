using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.AllReduce;

namespace TrainingCluster.Worker.Tests.Training;

/// <summary>The weights depend on the specification and the data alone.</summary>
public sealed class InvarianceTests
{
    [Theory]
    [InlineData(4, new[] { 1, 2, 3, 4 }, new[] { 2, 3, 4 })]
    [InlineData(8, new[] { 1 }, new[] { 5 })]
    [InlineData(16, new[] { 1, 16 }, new[] { 16 })]
    public async Task Training_AnyNumberOfWorkersDirectlyAndAlongTheTree_GivesTheSameWeights(int shards, int[] direct, int[] hierarchical)
    {
        var hashes = new List<string>();
        foreach (var (workers, tree, shared) in direct.Select(workers => (workers, false, true)).Concat(hierarchical.SelectMany(Both)))
        {
            await using var cluster = await TestCluster.StartAsync(workers, Exchanging(tree) with { SharedMemory = shared });
            hashes.Add(await TrainAsync(cluster, cluster.Spec(spec => Cut(spec, shards))));
        }

        Assert.Single(hashes.Distinct());

        static IEnumerable<(int, bool, bool)> Both(int workers) => [(workers, true, true), (workers, true, false)];
    }

    [Fact]
    public async Task Training_WithAndWithoutSharedMemory_GivesTheSameWeights()
    {
        var hashes = new List<string>();
        foreach (
            var (workers, readers, tcp) in new[]
            {
                (1, 0, false),
                (2, 0, false),
                (2, 0, true),
                (2, 1, true),
                (4, 0, false),
                (4, 0, true),
                (4, 3, true),
            }
        )
        {
            var options = new CollectiveOptions
            {
                FrameBytes = 64 * 1024,
                Timeout = TestGroup.Timeout,
                SharedMemory = readers > 0,
                DataConnections = tcp,
            };
            await using var cluster = await TestCluster.StartAsync(workers, options);
            var first = cluster.Members[0];
            first.Hold.After(1);
            await cluster.BeginAsync("job", 1, cluster.Spec(), cluster.Members);
            await first.NextAsync<StepReport>();
            var others = workers - 1 - readers;
            Assert.Equal(new(readers, tcp ? others : 0, tcp ? 0 : others), first.Server.Host.Peers);
            first.Hold.Release();
            foreach (var member in cluster.Members)
            {
                hashes.Add((await member.NextAsync<TrainingCompleted>()).WeightsSha256);
            }
        }

        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public async Task Training_MixedPrecision_GivesOtherWeightsButTheSameOnAnyNumberOfWorkers()
    {
        var hashes = new List<string>();
        foreach (var (workers, precision) in new[] { (1, "float32"), (1, "bfloat16"), (3, "bfloat16") })
        {
            await using var cluster = await TestCluster.StartAsync(workers);
            hashes.Add(await TrainAsync(cluster, cluster.Spec(spec => spec.Training.Precision = precision)));
        }

        Assert.NotEqual(hashes[0], hashes[1]);
        Assert.Equal(hashes[1], hashes[2]);
    }

    [Fact]
    public async Task Training_RoundedGradients_GivesOtherWeightsButTheSameOnAnyNumberOfWorkersAndHowever()
    {
        var hashes = new List<string>();
        (int Workers, bool Tree, bool Shared)[] ways =
        [
            (1, false, true),
            (2, false, true),
            (3, false, false),
            (4, false, false),
            (4, true, true),
            (3, true, false),
        ];
        foreach (var (workers, tree, shared) in ways)
        {
            await using var cluster = await TestCluster.StartAsync(workers, Exchanging(tree) with { SharedMemory = shared });
            hashes.Add(await TrainAsync(cluster, cluster.Spec(spec => spec.Training.GradientPrecision = "bfloat16")));
        }
        await using var plain = await TestCluster.StartAsync(2);

        Assert.NotEqual(Assert.Single(hashes.Distinct()), await TrainAsync(plain, plain.Spec()));
    }

    [Fact]
    public async Task Training_OtherSeed_GivesOtherWeights()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var first = await TrainAsync(cluster, cluster.Spec());
        await using var other = await TestCluster.StartAsync(2);
        Assert.NotEqual(first, await TrainAsync(other, other.Spec(spec => spec.Seed = 8)));
    }

    [Theory]
    [InlineData(1, 3, false)]
    [InlineData(3, 3, false)]
    [InlineData(4, 3, false)]
    [InlineData(3, 4, true)]
    [InlineData(2, 12, true)]
    public async Task Training_WorkerDiesInTheMiddle_GivesTheWeightsOfAnUndisturbedRun(int dieAtStep, int workers, bool hierarchical)
    {
        var shards = workers > 4 ? 16 : 4;
        await using var undisturbed = await TestCluster.StartAsync(2);
        var expected = await TrainAsync(undisturbed, undisturbed.Spec(spec => Cut(spec, shards)));

        await using var cluster = await TestCluster.StartAsync(workers, Exchanging(hierarchical));
        var spec = cluster.Spec(spec => Cut(spec, shards));
        cluster.Members[1].Hold.After(dieAtStep);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        await cluster.Members[1].NextAsync<StepReport>(report => report.Step == dieAtStep);
        await cluster.Members[1].KillAsync();
        TestCluster.Member[] survivors = [cluster.Members[0], .. cluster.Members.Skip(2)];
        foreach (var survivor in survivors)
        {
            await survivor.NextAsync<GenerationFailed>();
        }

        var step = await cluster.BeginAsync("job", 2, spec, survivors);
        // The one that died may have been a step ahead.
        Assert.True(step >= dieAtStep - 1);
        Assert.Equal(expected, (await survivors[1].NextAsync<TrainingCompleted>()).WeightsSha256);
    }

    [Fact]
    public async Task Training_NewWorkerJoins_TakesTheStateFromAPeerAndGivesTheSameWeights()
    {
        await using var undisturbed = await TestCluster.StartAsync(2);
        var expected = await TrainAsync(undisturbed, undisturbed.Spec());

        await using var cluster = await TestCluster.StartAsync(2);
        var spec = cluster.Spec();
        cluster.Members[0].Hold.After(3);
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        await cluster.Members[0].NextAsync<StepReport>(report => report.Step == 3);
        var newcomer = await cluster.AddAsync();
        // The first generation is ended where it is held.
        var beginning = cluster.BeginAsync("job", 2, spec, cluster.Members);
        cluster.Members[0].Hold.Release();
        await beginning;
        var started = await newcomer.NextAsync<GenerationStarted>();
        Assert.True(started.StateBytes > 0);
        Assert.Equal(expected, (await newcomer.NextAsync<TrainingCompleted>()).WeightsSha256);
        Assert.Equal(expected, (await cluster.Members[1].NextAsync<TrainingCompleted>()).WeightsSha256);
    }

    private static CollectiveOptions Exchanging(bool hierarchical) => TestGroup.Exchanging(hierarchical) with { FrameBytes = 64 * 1024 };

    private static void Cut(JobSpec spec, int shards) =>
        (spec.Training.LogicalShards, spec.Training.BatchTokens) = (
            shards,
            shards * spec.Training.BatchTokens / spec.Training.LogicalShards
        );

    internal static async Task<string> TrainAsync(TestCluster cluster, JobSpec spec)
    {
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        var hashes = new HashSet<string>();
        foreach (var member in cluster.Members)
        {
            hashes.Add((await member.NextAsync<TrainingCompleted>()).WeightsSha256);
        }
        return Assert.Single(hashes);
    }
}
