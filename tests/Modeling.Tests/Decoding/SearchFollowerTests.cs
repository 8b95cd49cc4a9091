using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Tests.Models;

namespace TrainingCluster.Modeling.Tests.Decoding;

public class SearchFollowerTests
{
    [Theory]
    [InlineData("transformer", 1)]
    [InlineData("transformer", 4)]
    [InlineData("recurrent-attention", 3)]
    public void Search_Followed_SettlesOnlyWhatTheAnswerBeginsWith(string kind, int beam)
    {
        using var model = TinyModels.Create(kind);
        var sources = Sources(7);
        var follower = new Follower();
        SequenceSearch.Search(model, sources, new SearchOptions { Beam = beam }, follower);
        var alone = SequenceSearch.Search(model, sources, new SearchOptions { Beam = beam });
        for (var sentence = 0; sentence < sources.Count; sentence++)
        {
            var answers = follower.Answers[sentence];
            Assert.Equal(alone[sentence].Tokens, answers[0].Tokens);
            Assert.InRange(answers.Count, 1, beam);
            Assert.Equal(answers.OrderByDescending(answer => answer.Score), answers);
            Assert.All(follower.Settled[sentence], settled => Assert.Equal(settled, answers[0].Tokens.Take(settled.Length)));
        }
        Assert.Contains(follower.Settled.Values, steps => steps.Exists(settled => settled.Length > 0));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Search_SentenceNoLongerWanted_LeavesAndTheOthersStayAsTheyWere(int beam)
    {
        using var model = TinyModels.Create("transformer");
        var sources = Sources(6);
        var options = new SearchOptions { Beam = beam };
        var follower = new Follower { Unwanted = { 1, 4 } };
        SequenceSearch.Search(model, sources, options, follower);
        var expected = SequenceSearch.Search(model, sources, options);
        Assert.Equal([0, 2, 3, 5], follower.Answers.Keys.Order());
        Assert.All(follower.Answers, found => Assert.Equal(expected[found.Key].Tokens, found.Value[0].Tokens));
    }

    [Fact]
    public void Search_NobodyWantsAnything_EndsAfterOneStep()
    {
        using var model = TinyModels.Create("transformer");
        var follower = new Follower { Unwanted = { 0, 1, 2 } };
        SequenceSearch.Search(model, Sources(3), new SearchOptions(), follower);
        Assert.Empty(follower.Answers);
        Assert.Empty(follower.Settled);
    }

    private static List<int[]> Sources(int count)
    {
        var random = new Random(8);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => (int[])[.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.Next(4, TinyModels.Vocabulary)), 2]),
        ];
    }

    private sealed class Follower : ISearchFollower
    {
        public HashSet<int> Unwanted { get; } = [];

        public Dictionary<int, List<int[]>> Settled { get; } = [];

        public Dictionary<int, IReadOnlyList<Hypothesis>> Answers { get; } = [];

        public bool Wants(int sentence) => !Unwanted.Contains(sentence);

        public void Advance(int sentence, ReadOnlySpan<int> settled)
        {
            Settled.TryAdd(sentence, []);
            Settled[sentence].Add(settled.ToArray());
        }

        public void Finish(int sentence, IReadOnlyList<Hypothesis> answers) => Answers.Add(sentence, answers);
    }
}
