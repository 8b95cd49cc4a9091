using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Modeling.Scoring;

namespace TrainingCluster.Modeling.Tests.Scoring;

public class BleuTests
{
    // The example in sacreBLEU's README, whose scores its own tests name.
    private static readonly string[] s_hypotheses = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];
    private static readonly string[][] s_references =
    [
        ["The dog bit the man.", "The dog had bit the man."],
        ["It was not unexpected.", "No one was surprised."],
        ["The man bit him first.", "The man had bitten the dog."],
    ];

    public static TheoryData<string, BleuTokenization> Cases()
    {
        var data = new TheoryData<string, BleuTokenization>();
        foreach (var @case in SacreBleuCase.All)
        {
            foreach (var tokenization in Enum.GetValues<BleuTokenization>())
            {
                data.Add(@case.Name, tokenization);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Corpus_KnownCases_EqualsSacreBleu(string name, BleuTokenization tokenization)
    {
        var @case = SacreBleuCase.All.Single(candidate => candidate.Name == name);
        var expected = @case.Bleu[
            tokenization switch
            {
                BleuTokenization.V13A => "13a",
                BleuTokenization.Chinese => "zh",
                BleuTokenization.Characters => "char",
                _ => "none",
            }
        ];
        var actual = Bleu.Corpus(@case.Hypotheses, @case.References, tokenization);
        Assert.Equal(expected.Counts, actual.Statistics.ToArray());
        Assert.Equal(expected.Score, actual.Score, 1e-9);
        Assert.Equal(expected.Line, actual.ToString());
    }

    [Fact]
    public void Corpus_ThePresetCases_AreEnough() => Assert.True(SacreBleuCase.All.Count >= 20);

    [Theory]
    [InlineData(BleuTokenization.V13A, 48.530827)]
    [InlineData(BleuTokenization.None, 49.1919566)]
    public void Compute_SeveralReferences_EqualsThePublishedScore(BleuTokenization tokenization, double expected)
    {
        var sum = BleuStatistics.Empty;
        for (var i = 0; i < s_hypotheses.Length; i++)
        {
            sum += Bleu.Statistics(s_hypotheses[i], s_references[i], tokenization);
        }
        var score = Bleu.Compute(sum, tokenization, references: 2);
        Assert.Equal(expected, score.Score, 1e-6);
        Assert.StartsWith("nrefs:2|case:mixed|eff:no|tok:", score.Signature);
    }

    [Fact]
    public void Statistics_PublishedExample_CountsTheSame()
    {
        var statistics = Bleu.Statistics("am I am a character sequence", "I am a symbol string sequence a a");
        Assert.Equal([6, 8, 4, 2, 1, 0, 6, 5, 4, 3], statistics.ToArray());
    }

    [Fact]
    public void Compute_PublishedCounts_GivesThePublishedScore()
    {
        var score = Bleu.Compute(new BleuStatistics([11, 11, 9, 7, 5, 3, 10, 8, 6, 4]));
        Assert.Equal(83.75922397, score.Score, 1e-7);
    }

    [Fact]
    public void Compute_SumOfSlices_EqualsTheWhole() =>
        Prop.ForAll<NonNegativeInt>(cut =>
            {
                var pairs = SacreBleuCase.All.SelectMany(@case => @case.Hypotheses.Zip(@case.References)).ToArray();
                var at = cut.Get % pairs.Length;
                var (left, right) = (Sum(pairs[..at]), Sum(pairs[at..]));
                return (left + right).Equals(Sum(pairs))
                    && (right + left).Equals(Sum(pairs))
                    && new BleuStatistics((left + right).ToArray()).Equals(Sum(pairs));
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Compute_AnyText_StaysWithinZeroAndHundred() =>
        Prop.ForAll<NonNull<string>, NonNull<string>>(
                (hypothesis, reference) => Bleu.Corpus([hypothesis.Get], [reference.Get]).Score is >= 0 and <= 100.0000001
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Corpus_UnequalNumbersOfSentences_Throws() => Assert.Throws<ArgumentException>(() => Bleu.Corpus(["a"], ["a", "b"]));

    [Fact]
    public void BleuStatistics_WrongLength_Throws() => Assert.Throws<ArgumentException>(() => new BleuStatistics([1, 2, 3]));

    private static BleuStatistics Sum(IEnumerable<(string Hypothesis, string Reference)> pairs) =>
        pairs.Aggregate(BleuStatistics.Empty, (sum, pair) => sum + Bleu.Statistics(pair.Hypothesis, pair.Reference));
}
