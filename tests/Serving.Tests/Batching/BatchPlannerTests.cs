using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Serving.Batching;

namespace TrainingCluster.Serving.Tests.Batching;

public class BatchPlannerTests
{
    private static readonly object s_model = new();
    private static readonly SearchOptions s_greedy = new();
    private static readonly BatchingOptions s_options = new() { MaxSentences = 4, MaxTokens = 100 };

    [Fact]
    public void Plan_NothingWaits_WaitsForTheFirst()
    {
        var plan = BatchPlanner.Plan([], othersCall: true, free: 1, s_options);
        Assert.Empty(plan.Take);
        Assert.Equal(Timeout.InfiniteTimeSpan, plan.Wait);
    }

    [Fact]
    public void Plan_OneClientAlone_ComputesAtOnce() =>
        Assert.Equal([0], BatchPlanner.Plan([Sentence(7)], othersCall: false, free: 1, s_options).Take);

    [Fact]
    public void Plan_OthersCall_WaitsForTheRestOfItsTime()
    {
        var plan = BatchPlanner.Plan([Sentence(7, waited: 2)], othersCall: true, free: 1, s_options);
        Assert.Empty(plan.Take);
        Assert.Equal(TimeSpan.FromMilliseconds(3), plan.Wait);
        Assert.Equal([0], BatchPlanner.Plan([Sentence(7, waited: 5)], othersCall: true, free: 1, s_options).Take);
    }

    [Fact]
    public void Plan_MoreThanABatch_TakesTheFirstAndThoseNearestInLength()
    {
        var plan = BatchPlanner.Plan(
            [Sentence(7), Sentence(20), Sentence(8), Sentence(3), Sentence(7), Sentence(6)],
            othersCall: true,
            free: 1,
            s_options
        );
        Assert.Equal([0, 4, 2, 5], plan.Take);
    }

    [Fact]
    public void Plan_OtherModelOrSearch_IsNotMixedIn()
    {
        var plan = BatchPlanner.Plan(
            [
                Sentence(7),
                Sentence(7) with
                {
                    Model = new object(),
                },
                Sentence(7) with
                {
                    Search = new SearchOptions { Beam = 2 },
                },
                Sentence(7) with
                {
                    Search = new SearchOptions(),
                },
            ],
            othersCall: false,
            free: 1,
            s_options
        );
        Assert.Equal([0, 3], plan.Take);
    }

    [Fact]
    public void Plan_TokensOfTheBatch_AreBoundedByTheLongestAndTheBeam()
    {
        Assert.Equal([0, 1], BatchPlanner.Plan([Sentence(40), Sentence(45), Sentence(50)], false, free: 1, s_options).Take);
        var beam = new SearchOptions { Beam = 5 };
        Assert.Equal(
            [0, 1],
            BatchPlanner.Plan([.. Enumerable.Repeat(Sentence(10) with { Search = beam }, 3)], false, free: 1, s_options).Take
        );
        // One that exceeds it is computed alone, not never.
        Assert.Equal([0], BatchPlanner.Plan([Sentence(500), Sentence(500)], true, free: 1, s_options).Take);
    }

    [Fact]
    public void Plan_SeveralFreeThreads_ShareWhatWaits()
    {
        var queue = Enumerable.Repeat(Sentence(7), 3).ToList();
        Assert.Equal([0, 1], BatchPlanner.Plan(queue, othersCall: false, free: 2, s_options).Take);
        Assert.Equal([0], BatchPlanner.Plan(queue, othersCall: false, free: 5, s_options).Take);
        // They wait for others as one does alone.
        Assert.Empty(BatchPlanner.Plan(queue, othersCall: true, free: 2, s_options).Take);
    }

    [Fact]
    public void Plan_AnyQueue_AlwaysTakesTheFirst()
    {
        var random = new Random(4);
        for (var round = 0; round < 200; round++)
        {
            var queue = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Sentence(random.Next(1, 130), random.Next(0, 9))).ToList();
            var plan = BatchPlanner.Plan(queue, random.Next(2) == 0, random.Next(1, 5), s_options);
            Assert.True(plan.Take.Count > 0 ? plan.Take[0] == 0 : plan.Wait > TimeSpan.Zero);
            Assert.True(plan.Take.Count <= s_options.MaxSentences);
            Assert.True(plan.Take.Count < 2 || plan.Take.Count * plan.Take.Max(place => queue[place].Tokens) <= s_options.MaxTokens);
            Assert.Equal(plan.Take.Distinct().Count(), plan.Take.Count);
        }
    }

    private static WaitingSentence Sentence(int tokens, double waited = 0) =>
        new(s_model, s_greedy, tokens, TimeSpan.FromMilliseconds(waited));
}
