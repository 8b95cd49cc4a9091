using TrainingCluster.Jobs;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Tests.Optimization;

public sealed class LearningRateScheduleTests
{
    [Fact]
    public void KindOf_EveryChoiceOfASpecification_IsKnown() =>
        Assert.Equal(
            Enum.GetValues<ScheduleKind>(),
            JobSettings.At("training.schedule").Rules.OneOf.Select(LearningRateSchedule.KindOf).Order()
        );

    [Theory]
    [InlineData(ScheduleKind.InverseSqrt, 1, 0.01)]
    [InlineData(ScheduleKind.InverseSqrt, 50, 0.5)]
    [InlineData(ScheduleKind.InverseSqrt, 100, 1)]
    [InlineData(ScheduleKind.InverseSqrt, 400, 0.5)]
    [InlineData(ScheduleKind.Cosine, 100, 1)]
    [InlineData(ScheduleKind.Cosine, 550, 0.5)]
    [InlineData(ScheduleKind.Cosine, 1000, 0)]
    [InlineData(ScheduleKind.Cosine, 2000, 0)]
    [InlineData(ScheduleKind.Constant, 99, 0.99)]
    [InlineData(ScheduleKind.Constant, 5000, 1)]
    public void At_Step_GivesTheRate(ScheduleKind kind, long step, double expected) =>
        Assert.Equal(expected, new LearningRateSchedule(kind, 1, 100, 1000).At(step), 1e-12);

    [Fact]
    public void At_CosineBetween_AgreesWithTheLibrary()
    {
        var schedule = new LearningRateSchedule(ScheduleKind.Cosine, 1, 0, 1000);
        for (var step = 1; step <= 1000; step += 37)
        {
            Assert.Equal((1 + Math.Cos(Math.PI * step / 1000)) / 2, schedule.At(step), 1e-12);
        }
    }

    [Fact]
    public void At_NoWarmup_BeginsAtThePeak() => Assert.Equal(0.5, new LearningRateSchedule(ScheduleKind.InverseSqrt, 0.5, 0, 10).At(1));

    [Fact]
    public void KindOf_UnknownName_NamesIt() =>
        Assert.Contains(
            "linear",
            Assert.Throws<ArgumentException>(() => LearningRateSchedule.KindOf("linear")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void DropoutSeed_StepsAndShards_AllDiffer()
    {
        var seeds = (
            from step in Enumerable.Range(1, 50)
            from shard in Enumerable.Range(0, 8)
            select DropoutSeed.Of(1, step, shard)
        ).ToList();
        Assert.Equal(seeds.Count, seeds.Distinct().Count());
        Assert.All(seeds, seed => Assert.True(seed >= 0));
        Assert.NotEqual(DropoutSeed.Of(1, 1, 1), DropoutSeed.Of(2, 1, 1));
    }
}
