using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Tests.Data;

public class BatchPlanTests
{
    [Fact]
    public void MicroBatch_AllOfAnEpoch_HoldEverySentenceOnce() =>
        Prop.ForAll(
                Cases(),
                @case =>
                {
                    var plan = @case.Plan();
                    var all = AllMicroBatches(plan).SelectMany(batch => batch);
                    return all.Order().SequenceEqual(Enumerable.Range(0, @case.Lengths.Count));
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void MicroBatch_MoreThanOneRow_StaysWithinTheBudget() =>
        Prop.ForAll(
                Cases(),
                @case => AllMicroBatches(@case.Plan()).All(batch => batch.Count <= 1 || Cost(batch, @case.Lengths) <= @case.Budget)
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void MicroBatch_AnyHasTwoRows_NoneIsEmpty() =>
        Prop.ForAll(
                Cases(),
                @case =>
                {
                    var batches = AllMicroBatches(@case.Plan()).ToArray();
                    return batches.All(batch => batch.Count > 0) || batches.All(batch => batch.Count <= 1);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Plan_SameArguments_IsTheSame() =>
        Prop.ForAll(
                Cases(),
                @case => AllMicroBatches(@case.Plan()).Zip(AllMicroBatches(@case.Plan())).All(pair => pair.First.SequenceEqual(pair.Second))
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Plan_OtherSeedEpochOrFingerprint_IsAnother()
    {
        var lengths = Lengths(500);
        var plan = new BatchPlan(lengths, "aa", 1, 0, 200, 4);
        foreach (
            var other in new BatchPlan[]
            {
                new(lengths, "aa", 2, 0, 200, 4),
                new(lengths, "aa", 1, 1, 200, 4),
                new(lengths, "ab", 1, 0, 200, 4),
            }
        )
        {
            Assert.NotEqual(AllMicroBatches(plan).SelectMany(batch => batch), AllMicroBatches(other).SelectMany(batch => batch));
        }
    }

    // Checkpoints of earlier releases continue by this plan: a change here breaks resuming.
    [Fact]
    public void Plan_FixedArguments_StaysWhatItWas()
    {
        var plan = new BatchPlan(Lengths(40), "00112233445566778899", 5, 2, 60, 4);
        Assert.Equal(
            "11,25 | 10,31,12 | 0 | 18,23,4 | 19,37 | 16,7,3 | 28,33,15,6 | 34,30 | 14,29,5 | 8,24 | 21 | 20,1 | 13,35,32 | 2,39,26 | "
                + "9,36,22 | 17,27,38",
            string.Join(" | ", AllMicroBatches(plan).Select(batch => string.Join(',', batch)))
        );
    }

    [Fact]
    public void Plan_RealisticLengths_WastesLittleOnPaddingAndStepsWeighAlike()
    {
        var lengths = Lengths(20_000);
        var plan = new BatchPlan(lengths, "aa", 1, 0, 512, 8);
        var batches = AllMicroBatches(plan).ToArray();
        var real = Enumerable.Range(0, lengths.Count).Sum(i => (long)lengths.Target(i) + 1);
        var padded = batches.Sum(batch => (long)batch.Count * (1 + batch.Max(lengths.Target)));
        Assert.InRange((double)padded / real, 1, 1.05);
        var weights = batches.Chunk(8).Select(step => (double)step.Sum(batch => batch.Sum(i => lengths.Target(i) + 1))).ToArray();
        var mean = weights.Average();
        Assert.InRange(Math.Sqrt(weights.Average(weight => (weight - mean) * (weight - mean))) / mean, 0, 0.15);
    }

    [Fact]
    public void MicroBatch_OutOfRange_Throws()
    {
        var plan = new BatchPlan(Lengths(10), "aa", 1, 0, 50, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.MicroBatch(plan.StepsPerEpoch, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.MicroBatch(0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.MicroBatch(-1, 0));
    }

    [Fact]
    public void Plan_NoSentences_HasNoSteps() =>
        Assert.Equal(0, new BatchPlan(new SentenceLengths([], []), "aa", 1, 0, 50, 4).StepsPerEpoch);

    [Fact]
    public void Locate_AnyStep_AgreesWithCountingStepByStep()
    {
        var plan = new TrainingPlan(Lengths(300), "aa", 1, 100, 4);
        var step = 0L;
        for (var epoch = 0; epoch < 3; epoch++)
        {
            Assert.Equal(step, plan.StepsInEpochs(epoch));
            for (var i = 0; i < plan.StepsInEpoch(epoch); i++, step++)
            {
                Assert.Equal(new TrainingCursor(epoch, i), plan.Locate(step));
                Assert.Equal(plan.Epoch(epoch).MicroBatch(i, 3), plan.MicroBatch(step, 3));
            }
        }
    }

    [Fact]
    public void Locate_EpochsOfDifferentLengths_FindsTheEdges()
    {
        int[] steps = [3, 1, 4];
        TrainingCursor At(long step) => TrainingCursor.Locate(step, epoch => steps[epoch]);
        Assert.Equal([new(0, 0), new(0, 2), new(1, 0), new(2, 0), new(2, 3)], new[] { At(0), At(2), At(3), At(4), At(7) });
        Assert.Throws<ArgumentOutOfRangeException>(() => At(-1));
    }

    private static IEnumerable<IReadOnlyList<int>> AllMicroBatches(BatchPlan plan) =>
        from step in Enumerable.Range(0, plan.StepsPerEpoch)
        from shard in Enumerable.Range(0, plan.LogicalShards)
        select plan.MicroBatch(step, shard);

    private static int Cost(IReadOnlyList<int> batch, SentenceLengths lengths) =>
        batch.Count * batch.Max(i => 1 + Math.Max(lengths.Source(i), lengths.Target(i)));

    /// <summary>Lengths as sentences have them: a bell around 14 with a tail, the sides alike.</summary>
    private static SentenceLengths Lengths(int count)
    {
        var random = new DeterministicRandom(9);
        var source = new int[count];
        var target = new int[count];
        for (var i = 0; i < count; i++)
        {
            source[i] = 3 + random.Next(8) + random.Next(8) + random.Next(8) + (random.Next(20) == 0 ? random.Next(30) : 0);
            target[i] = Math.Max(1, source[i] + random.Next(7) - 3);
        }
        return new SentenceLengths(source, target);
    }

    private static Arbitrary<Case> Cases() =>
        (
            from pairs in Gen.Two(Gen.Choose(1, 40)).ListOf()
            from budget in Gen.Choose(1, 200)
            from shards in Gen.Elements(1, 2, 4, 8)
            from seed in Gen.Choose(0, 1000)
            select new Case(
                new SentenceLengths([.. pairs.Select(pair => pair.Item1)], [.. pairs.Select(pair => pair.Item2)]),
                budget,
                shards,
                (ulong)seed
            )
        ).ToArbitrary();

    private sealed record Case(SentenceLengths Lengths, int Budget, int Shards, ulong Seed)
    {
        public BatchPlan Plan() => new(Lengths, "aa", Seed, 1, Budget, Shards);
    }
}
