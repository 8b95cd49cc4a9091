using TrainingCluster.Modeling.Scoring;

namespace TrainingCluster.Modeling.Tests.Scoring;

public class ChrFTests
{
    public static TheoryData<string> Cases() => [.. SacreBleuCase.All.Select(@case => @case.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Corpus_KnownCases_EqualsSacreBleu(string name)
    {
        var @case = SacreBleuCase.All.Single(candidate => candidate.Name == name);
        var actual = ChrF.Corpus(@case.Hypotheses, @case.References);
        Assert.Equal(@case.ChrF.Score, actual.Score, 1e-9);
        Assert.Equal(@case.ChrF.Line, actual.ToString());
    }

    [Fact]
    public void Compute_SumOfSlices_EqualsTheWhole()
    {
        var pairs = SacreBleuCase.All.SelectMany(@case => @case.Hypotheses.Zip(@case.References)).ToArray();
        var whole = Sum(pairs);
        for (var cut = 0; cut <= pairs.Length; cut++)
        {
            Assert.Equal(whole, Sum(pairs[..cut]) + Sum(pairs[cut..]));
        }
        Assert.Equal(whole, new ChrFStatistics(whole.ToArray()));
    }

    [Fact]
    public void Corpus_UnequalNumbersOfSentences_Throws() => Assert.Throws<ArgumentException>(() => ChrF.Corpus(["a"], []));

    [Fact]
    public void ChrFStatistics_WrongLength_Throws() => Assert.Throws<ArgumentException>(() => new ChrFStatistics([1]));

    private static ChrFStatistics Sum(IEnumerable<(string Hypothesis, string Reference)> pairs) =>
        pairs.Aggregate(ChrFStatistics.Empty, (sum, pair) => sum + ChrF.Statistics(pair.Hypothesis, pair.Reference));
}
