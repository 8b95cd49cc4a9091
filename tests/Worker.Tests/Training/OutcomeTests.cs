using TrainingCluster.Modeling.Serialization;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Tests.Training;

public sealed class OutcomeTests
{
    [Fact]
    public async Task Training_Done_LeavesAModelFolderThatLoads()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var sha256 = await InvarianceTests.TrainAsync(cluster, cluster.Spec());
        var files = cluster.Coordinator.Files.Folders["job/model"];
        var folder = Directory.CreateTempSubdirectory("cluster-test-");
        try
        {
            foreach (var (path, bytes) in files)
            {
                await File.WriteAllBytesAsync(Path.Combine(folder.FullName, path), bytes, TestContext.Current.CancellationToken);
            }
            var loaded = ModelFolder.Load(folder.FullName);
            using var model = loaded.Model;
            Assert.Equal(sha256, loaded.Manifest.WeightsSha256);
            Assert.Equal(6, loaded.Manifest.Counts["steps"]);
            Assert.True(loaded.Manifest.Scores["bleu"] >= 0);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Training_CoordinatorCannotStoreTheModelYet_TriesAgain()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        cluster.Coordinator.Files.Refusal = new Grpc.Core.Status(Grpc.Core.StatusCode.ResourceExhausted, "no space left");
        await cluster.BeginAsync("job", 1, cluster.Spec(), cluster.Members);
        Assert.Contains("no space left", (await cluster.Members[0].NextAsync<WorkerLog>()).Text, StringComparison.Ordinal);
        Assert.True((await cluster.Members[0].NextAsync<TrainingCompleted>()).ModelStored);
    }

    [Fact]
    public async Task Evaluation_OneOrThreeWorkers_GivesTheSameScores()
    {
        var reports = new List<EvaluationReport>();
        foreach (var workers in (int[])[1, 3])
        {
            await using var cluster = await TestCluster.StartAsync(workers);
            await InvarianceTests.TrainAsync(cluster, cluster.Spec(s => s.Evaluation.MaxSentences = 11));
            var found = cluster.Members[0].Seen.OfType<EvaluationReport>().ToList();
            Assert.Equal([3, 6], found.Select(report => report.Step));
            reports.Add(found[^1]);
        }

        foreach (var report in reports)
        {
            report.Seconds = 0;
        }
        Assert.Equal(reports[0], reports[1]);
        Assert.Equal(11, reports[0].Sentences);
        Assert.NotEqual("", reports[0].SampleReference);
    }

    [Fact]
    public async Task Training_PatienceIsOver_StopsEarlyOnEveryWorkerAlike()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        // With a rate of zero nothing ever improves: the second and third evaluations end it.
        var spec = cluster.Spec(s =>
            (s.Training.LearningRate, s.Training.Steps, s.Evaluation.EverySteps, s.Evaluation.Patience) = (1e-30, 50, 1, 2)
        );
        await InvarianceTests.TrainAsync(cluster, spec);
        Assert.All(cluster.Members, member => Assert.Equal(3, member.Seen.OfType<StepReport>().Max(report => report.Step)));
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(0, 2)]
    public async Task Training_AveragesWeights_GivesTheSameModelForAnyWorkers(int last, int best)
    {
        var hashes = new HashSet<string>();
        foreach (var workers in (int[])[1, 2])
        {
            await using var cluster = await TestCluster.StartAsync(workers);
            hashes.Add(
                await InvarianceTests.TrainAsync(
                    cluster,
                    cluster.Spec(s =>
                        (
                            s.Training.AverageLastCheckpoints,
                            s.Training.AverageBestCheckpoints,
                            s.Evaluation.EverySteps,
                            s.Evaluation.FinalModel
                        ) = (last, best, 2, "last")
                    )
                )
            );
        }

        await using var plain = await TestCluster.StartAsync(1);
        var without = await InvarianceTests.TrainAsync(
            plain,
            plain.Spec(s => (s.Evaluation.EverySteps, s.Evaluation.FinalModel) = (2, "last"))
        );
        Assert.NotEqual(without, Assert.Single(hashes));
    }

    [Theory]
    [InlineData("BPE dropout")]
    [InlineData("R-Drop")]
    public async Task Training_Regularised_GivesTheSameWeightsForAnyWorkersButOthersThanWithout(string how)
    {
        void Regularise(JobSpec spec)
        {
            (spec.Training.BpeDropout, spec.Training.RDrop) = how == "R-Drop" ? (0, 2) : (0.2, 0);
            spec.Model.Dropout = 0.2;
        }
        var hashes = new HashSet<string>();
        foreach (var workers in (int[])[1, 3])
        {
            await using var cluster = await TestCluster.StartAsync(workers);
            hashes.Add(await InvarianceTests.TrainAsync(cluster, cluster.Spec(Regularise)));
        }

        await using var plain = await TestCluster.StartAsync(1);
        Assert.NotEqual(await InvarianceTests.TrainAsync(plain, plain.Spec(s => s.Model.Dropout = 0.2)), Assert.Single(hashes));
    }

    [Fact]
    public async Task Training_LossIsNotFinite_SkipsStepsOnAllAlikeAndFailsWithShardAndSentences()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var spec = cluster.Spec(s =>
            (s.Training.LearningRate, s.Training.WarmupSteps, s.Training.MaxSkippedSteps, s.Training.Steps) = (1e38, 0, 2, 50)
        );
        await cluster.BeginAsync("job", 1, spec, cluster.Members);
        foreach (var member in cluster.Members)
        {
            var failed = await member.NextAsync<JobFailedOnWorker>();
            Assert.Equal("NON_FINITE", failed.Code);
            Assert.Contains("shard 0", failed.Message, StringComparison.Ordinal);
            Assert.Contains("=>", failed.Message, StringComparison.Ordinal);
        }

        var skipped = cluster
            .Members.Select(member =>
                member.Seen.OfType<StepReport>().Where(report => report.Skipped).Select(report => report.Step).ToList()
            )
            .ToList();
        Assert.Equal(3, skipped[0].Count);
        Assert.Equal(skipped[0], skipped[1]);
    }

    [Fact]
    public async Task Training_FewSentencesForManyShards_EmptyMicroBatchesWeighNothing()
    {
        var hashes = new HashSet<string>();
        foreach (var workers in (int[])[1, 4])
        {
            await using var cluster = await TestCluster.StartAsync(workers);
            // More shards than there are micro-batches of two rows: some are empty.
            hashes.Add(
                await InvarianceTests.TrainAsync(
                    cluster,
                    cluster.Spec(s =>
                        (s.Training.LogicalShards, s.Training.BatchTokens, s.Training.Steps, s.Evaluation.EverySteps) = (512, 8192, 2, -1)
                    )
                )
            );
        }

        Assert.Single(hashes);
    }

    [Fact]
    public async Task Prepare_UnknownModelKind_FailsTheJobNamingIt()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        cluster.Prepare("job", 1, cluster.Spec(s => s.Model.Kind = "oracle"), cluster.Members);
        var failed = await cluster.Members[0].NextAsync<JobFailedOnWorker>();
        Assert.Equal("BAD_SPECIFICATION", failed.Code);
        Assert.Contains("oracle", failed.Message, StringComparison.Ordinal);
    }
}
