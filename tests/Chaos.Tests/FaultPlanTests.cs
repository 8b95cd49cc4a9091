namespace TrainingCluster.Chaos.Tests;

public sealed class FaultPlanTests
{
    private static readonly FaultKind[] s_three = [FaultKind.Kill, FaultKind.Stop, FaultKind.Leave];

    [Fact]
    public void Draw_SameSeed_IsTheSamePlan()
    {
        Assert.Equal(FaultPlan.Draw(s_three, 50, 7), FaultPlan.Draw(s_three, 50, 7));
        Assert.NotEqual(FaultPlan.Draw(s_three, 50, 7), FaultPlan.Draw(s_three, 50, 8));
    }

    [Fact]
    public void Draw_AnyNumber_HasEveryKindAsOftenGiveOrTakeOne()
    {
        var plan = FaultPlan.Draw(s_three, 50, 1);
        Assert.Equal(Enumerable.Range(1, 50), plan.Select(fault => fault.Round));
        var counts = plan.CountBy(fault => fault.Kind).Select(kind => kind.Value).Order().ToList();
        Assert.Equal([16, 17, 17], counts);
    }

    [Fact]
    public void Draw_Turns_CountThoseOfTheSameKind()
    {
        foreach (var kind in FaultPlan.Draw(s_three, 50, 1).GroupBy(fault => fault.Kind))
        {
            Assert.Equal(Enumerable.Range(0, kind.Count()), kind.Select(fault => fault.Turn));
        }
    }

    [Fact]
    public void Draw_Times_AreWithinTheirBounds() =>
        Assert.All(
            FaultPlan.Draw(s_three, 500, 3),
            fault =>
            {
                Assert.InRange(fault.Gap.TotalSeconds, 0.1, 3);
                Assert.InRange(fault.Hold.TotalSeconds, 2, 8);
                Assert.InRange(fault.Pause.TotalSeconds, 0.3, 4);
            }
        );

    [Theory]
    [InlineData("kill", new[] { FaultKind.Kill }, new string[0])]
    [InlineData(" Stop , kill,kill", new[] { FaultKind.Kill, FaultKind.Stop }, new string[0])]
    [InlineData("kill,bogus,,worse", new[] { FaultKind.Kill }, new[] { "bogus", "worse" })]
    [InlineData("", new FaultKind[0], new string[0])]
    public void Parse_List_GivesKindsOnceAndWhatIsUnknown(string list, FaultKind[] kinds, string[] unknown)
    {
        var parsed = FaultCatalog.Parse(list);
        Assert.Equal(kinds, parsed.Kinds);
        Assert.Equal(unknown, parsed.Unknown);
    }

    [Theory]
    [InlineData(new double[0], 0, 0, 0)]
    [InlineData(new double[] { 3 }, 3, 3, 3)]
    [InlineData(new double[] { 4, 1, 3, 2 }, 2, 4, 4)]
    [InlineData(new double[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 }, 10, 19, 20)]
    public void Distribution_OfFigures_TakesTheNearestRank(double[] figures, double median, double percentile95, double worst) =>
        Assert.Equal(new Distribution(figures.Length, median, percentile95, worst), Distribution.Of(figures));
}
