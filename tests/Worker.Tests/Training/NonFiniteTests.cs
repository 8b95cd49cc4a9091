using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Tests.AllReduce;
using TrainingCluster.Worker.Training;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Tests.Training;

/// <summary>Two workers whose model computes NaN for one sentence of the dataset, and for no other.</summary>
public sealed class NonFiniteTests : IDisposable
{
    private const string Word = "qqq";
    private const int Pairs = 120;
    private const int Shards = 4;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cluster-test-");
    private readonly JobSpec _spec = JobSpecDefaults.Fill(
        new JobSpec
        {
            Model = new ModelSpec
            {
                DModel = 16,
                Heads = 2,
                Layers = 1,
                FeedForward = 32,
                SharedEmbeddings = false,
            },
            Training = new TrainingSpec
            {
                Epochs = 1,
                LogicalShards = Shards,
                BatchTokens = 128,
                MaxSkippedSteps = 0,
                LearningRate = 1e-3,
                WarmupSteps = 0,
            },
        }
    );

    private int _guilty;

    public void Dispose() => _folder.Delete(recursive: true);

    private string Build()
    {
        var (source, target, made) = (
            Path.Combine(_folder.FullName, "src"),
            Path.Combine(_folder.FullName, "tgt"),
            Path.Combine(_folder.FullName, "made")
        );
        string[] words = ["eins", "zwei", "drei", "vier", "fuenf"];
        File.WriteAllLines(
            source,
            Enumerable.Range(0, Pairs).Select(i => i == 70 ? Word : $"{words[i % 5]} {words[i / 5 % 5]} {words[i / 25]}")
        );
        File.WriteAllLines(target, Enumerable.Range(0, Pairs).Select(i => $"{i}"));
        DatasetBuilder.Build(new DatasetOptions { Train = new ParallelText(source, target), VocabularySize = 300 }, made);
        using var dataset = Dataset.Open(made);
        _guilty = Enumerable.Range(0, dataset.TrainCount).Single(i => dataset.Tokenizer.Decode(dataset.Source(i)) == Word);
        return made;
    }

    /// <summary>A job whose source embedding is infinite, or becomes so, for what only the one sentence holds.</summary>
    private TrainingJob Poisoned(string folder, float value = float.PositiveInfinity)
    {
        var dataset = Dataset.Open(folder);
        var others = Enumerable.Range(0, dataset.TrainCount).Where(i => i != _guilty).SelectMany(dataset.Source).ToHashSet();
        var token = dataset.Source(_guilty).First(t => !others.Contains(t));
        var job = TrainingJob.Create("job", _spec, dataset, CPU);
        var table = job.State.Parameters.Layout.Entries.Single(entry => entry.Name.Contains("source_embedding", StringComparison.Ordinal));
        job.State.Parameters.Weights.Host.Span.Slice(table.Range.Offset + (token * (int)table.Shape[1]), (int)table.Shape[1]).Fill(value);
        job.State.Parameters.Weights.Upload();
        return job;
    }

    [Fact]
    public async Task Step_OneSentenceGivesNaN_IsSkippedOnAllAlikeAndNeverReachesTheWeights()
    {
        var folder = Build();
        await using var one = await TestMember.StartAsync();
        await using var two = await TestMember.StartAsync();
        using var first = Poisoned(folder);
        using var second = Poisoned(folder);
        GroupMember[] members = [new("worker-0", one.Address, [0, 1]), new("worker-1", two.Address, [2, 3])];
        var runs = await Task.WhenAll(RunAsync(first, one, members, 0), RunAsync(second, two, members, 1));

        Assert.Equal(runs[0].Select(result => result.Skipped), runs[1].Select(result => result.Skipped));
        var skipped = Assert.Single(runs[0], result => result.Skipped);
        var shard = Assert.Single(skipped.NonFiniteShards);
        Assert.Contains(_guilty, first.Batches.Sentences(skipped.Step, shard));
        Assert.True(runs[0].Count > 3, "there are no other steps");
        Assert.Equal(1, first.State.Progress.SkippedSteps);
        Assert.Equal(first.TotalSteps - 1, first.State.Progress.Updates);
        var (a, b) = (first.State.Parameters.Weights.Host.ToArray(), second.State.Parameters.Weights.Host.ToArray());
        Assert.Equal(a, b);
        Assert.DoesNotContain(a, float.IsNaN);
        Assert.Equal(16, a.Count(float.IsInfinity));
        // No step may be skipped in this job: the fault names step, shard and the one sentence.
        Assert.Equal("NON_FINITE", skipped.Fault!.Code);
        Assert.Contains($"lastly in step {skipped.Step}, shard {shard}.", skipped.Fault.Message, StringComparison.Ordinal);
        Assert.Contains($"not finite even alone:\n  {_guilty}: {Word} => ", skipped.Fault.Message, StringComparison.Ordinal);
        Assert.Equal(2, skipped.Fault.Message.Split('\n').Length);
        Assert.Equal(skipped.Fault, runs[1].Single(result => result.Skipped).Fault);
    }

    [Fact]
    public async Task Step_OneSentenceGivesNaNInARoundOfDiLoCo_SkipsTheRoundAndNamesTheStepAndTheSentence()
    {
        (_spec.Training.Synchronization, _spec.Training.InnerSteps) = ("diloco", 2);
        var folder = Build();
        await using var one = await TestMember.StartAsync();
        await using var two = await TestMember.StartAsync();
        using var first = Poisoned(folder, float.MaxValue);
        using var second = Poisoned(folder, float.MaxValue);
        GroupMember[] members = [new("worker-0", one.Address, [0, 1]), new("worker-1", two.Address, [2, 3])];
        var runs = await Task.WhenAll(RunAsync(first, one, members, 0), RunAsync(second, two, members, 1));

        var skipped = Assert.Single(runs[0], result => result.Skipped);
        var shard = Assert.Single(skipped.NonFiniteShards);
        var steps = Enumerable.Range((int)(skipped.Step - skipped.Steps + 1), (int)skipped.Steps);
        var step = Assert.Single(steps, step => first.Batches.Sentences(step, shard).Contains(_guilty));
        Assert.True(runs[0].Count > 2, "there are no other rounds");
        Assert.Equal(first.TotalSteps, runs[0].Sum(result => result.Steps));
        Assert.Equal(skipped.Steps, first.State.Progress.SkippedSteps);
        Assert.Equal(runs[0].Count - 1, first.State.Progress.Updates);
        var (a, b) = (first.State.Parameters.Weights.Host.ToArray(), second.State.Parameters.Weights.Host.ToArray());
        Assert.Equal(a, b);
        Assert.All(a, weight => Assert.True(float.IsFinite(weight)));
        Assert.Equal("NON_FINITE", skipped.Fault!.Code);
        Assert.Contains($"1 rounds in a row, lastly in step {step}, shard {shard}.", skipped.Fault.Message, StringComparison.Ordinal);
        Assert.Contains($"not finite even alone:\n  {_guilty}: {Word} => ", skipped.Fault.Message, StringComparison.Ordinal);
        Assert.Equal(skipped.Fault, runs[1].Single(result => result.Skipped).Fault);
    }

    /// <summary>All steps, whatever the verdict on one of them.</summary>
    private static async Task<List<StepResult>> RunAsync(TrainingJob job, TestMember member, GroupMember[] members, int rank)
    {
        var plan = new ProcessGroup("job", 1, 0, Shards, members, rank, TestCluster.GroupSecret);
        var (loop, group) = TrainingLoop.Create(job, plan, member.Host.Options, TimeProvider.System, NullLogger.Instance);
        member.Host.Open(group);
        var results = await Task.Factory.StartNew(
            () =>
            {
                group.Connect(StateAgreement.Of(job, group.Plan));
                var done = new List<StepResult>();
                while (!job.IsDone)
                {
                    var before = job.State.Parameters.Weights.Host.ToArray();
                    var result = loop.Step();
                    if (result.Skipped)
                    {
                        Assert.Equal(before, job.State.Parameters.Weights.Host.ToArray());
                    }
                    done.Add(result);
                }

                group.Barrier();
                return done;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        await group.DisposeAsync();
        return results;
    }
}
