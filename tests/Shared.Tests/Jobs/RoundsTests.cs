using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Shared.Tests.Jobs;

public class RoundsTests
{
    [Theory]
    [InlineData("all-reduce", 1)]
    [InlineData("diloco", 7)]
    public void Of_Specification_TakesInnerStepsWithDiLoCoAlone(string synchronization, long steps) =>
        Assert.Equal(steps, Rounds.Of(new TrainingSpec { Synchronization = synchronization, InnerSteps = 7 }).Steps);

    [Theory]
    [InlineData(1, 0, 4)]
    [InlineData(4, 0, 4)]
    [InlineData(5, 4, 8)]
    [InlineData(9, 8, 10)]
    [InlineData(10, 8, 10)]
    public void Last_StepInARound_IsItsEndOrThatOfTheJob(long step, long before, long last)
    {
        var rounds = new Rounds(4);
        Assert.Equal((before, last), (rounds.Before(step), rounds.Last(step, total: 10)));
        Assert.Equal(before + 4, rounds.Last(step, total: 0));
    }

    [Fact]
    public void IsDue_EveryFewSteps_FallsOnTheEndOfTheRound()
    {
        long[] ends = [4, 8, 12, 16, 20];
        Assert.Equal([8, 12, 16, 20], ends.Where(end => new Rounds(4).IsDue(end, 5)));
        Assert.Equal([12, 20], ends.Where(end => new Rounds(4).IsDue(end, 10)));
        Assert.Equal(ends, ends.Where(end => new Rounds(4).IsDue(end, 3)));
        Assert.Equal([3, 6], Enumerable.Range(1, 8).Where(step => new Rounds(1).IsDue(step, 3)));
    }
}
