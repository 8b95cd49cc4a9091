using TrainingCluster.Jobs;
using TrainingCluster.V1;

namespace TrainingCluster.Shared.Tests.Jobs;

public class RoundsTests
{
    [Theory]
    [InlineData("all-reduce", 1)]
    [InlineData("diloco", 7)]
    public void Of_Specification_TakesInnerStepsWithDiLoCoAlone(string synchronization, long steps) =>
        Assert.Equal(steps, Rounds.Of(new TrainingSpec { Synchronization = synchronization, InnerSteps = 7 }, 0).Longest);

    [Theory]
    [InlineData(1, 0, 4)]
    [InlineData(4, 0, 4)]
    [InlineData(5, 4, 8)]
    [InlineData(9, 8, 10)]
    [InlineData(10, 8, 10)]
    public void Last_StepInARound_IsItsEndOrThatOfTheJob(long step, long before, long last)
    {
        Assert.Equal((before, last), (new Rounds(4, totalSteps: 10).Before(step), new Rounds(4, totalSteps: 10).Last(step)));
        Assert.Equal(before + 4, new Rounds(4).Last(step));
    }

    [Theory]
    [InlineData("cosine", 0, 500, "4, 8, 12, 16, 20, 24, 29, 35, 42, 52, 71, 100")]
    [InlineData("cosine", 0, 10, "4, 8, 12, 16, 20, 24, 29, 35, 42, 52, 62, 72, 82, 92, 100")]
    [InlineData("cosine", 50, 500, "4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 65, 71, 82, 100")]
    [InlineData("constant", 0, 500, "4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 72, 76, 80, 84, 88, 92, 96, 100")]
    public void Last_RoundsThatGrow_DoSoWithOneOverTheSquareOfTheRate(string schedule, int warmup, int longest, string ends)
    {
        var training = new TrainingSpec
        {
            Synchronization = "diloco",
            InnerSteps = 4,
            MaxInnerSteps = longest,
            Schedule = schedule,
            LearningRate = 0.003,
            WarmupSteps = warmup,
        };
        var rounds = Rounds.Of(training, 100);
        Assert.Equal(longest, rounds.Longest);
        // Asked for from the end on.
        Assert.Equal(ends, string.Join(", ", Enumerable.Range(1, 100).Reverse().Select(step => rounds.Last(step)).Distinct().Reverse()));
        for (var step = 1L; step <= 100; step++)
        {
            Assert.True(rounds.Before(step) < step && step <= rounds.Last(step));
            Assert.Equal(rounds.Before(step), rounds.Before(rounds.Last(step)));
        }
    }

    [Fact]
    public void Of_TotalIsNotKnown_TellsRoundsThatDoNotGrow() =>
        Assert.Equal(
            8,
            Rounds
                .Of(
                    new TrainingSpec
                    {
                        Synchronization = "diloco",
                        InnerSteps = 4,
                        MaxInnerSteps = 50,
                        Schedule = "cosine",
                    },
                    0
                )
                .Last(5)
        );

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
