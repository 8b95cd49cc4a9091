using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

public sealed class StepTempoTests
{
    // 1 s at least, 3.125 s at first.
    private static readonly CollectiveOptions s_options = new() { Timeout = TimeSpan.FromSeconds(25) };

    [Theory]
    [InlineData(0, 25)]
    [InlineData(1, 29)]
    public void Limit_NothingMeasured_IsTheTimeoutAndFourTimesTheOwnPart(double ownPart, double limit) =>
        Assert.Equal(TimeSpan.FromSeconds(limit), new StepTempo().Limit(s_options, TimeSpan.FromSeconds(ownPart)));

    [Theory]
    [InlineData(0.05, 0.05, 0, 1)]
    [InlineData(0.05, 0.05, 0.5, 2)]
    [InlineData(0.05, 0.05, 5, 3.125)]
    [InlineData(0.05, 0.25, 0, 2)]
    [InlineData(0.25, 0.1, 0.1, 2)]
    [InlineData(1, 0.5, 5, 8)]
    [InlineData(1, 3, 0, 24)]
    public void Limit_MeasuredSteps_FollowsThemTheOwnPartAndTheLongestWait(double step, double ownPart, double wait, double limit)
    {
        var tempo = Measured(step);
        tempo.Waited(TimeSpan.FromSeconds(wait));

        Assert.Equal(TimeSpan.FromSeconds(limit), tempo.Limit(s_options, TimeSpan.FromSeconds(ownPart)));
    }

    [Fact]
    public void Limit_FirstStepsOfALaterGeneration_IsNoShorterThanTheLongestForNoise()
    {
        var tempo = Measured(0.05);
        tempo.Begin();

        Assert.Equal(TimeSpan.FromSeconds(3.125), tempo.Limit(s_options, TimeSpan.Zero));
        Add(tempo, 0.05);
        Assert.Equal(TimeSpan.FromSeconds(1), tempo.Limit(s_options, TimeSpan.Zero));
    }

    [Fact]
    public void Limit_LongWaitLongAgo_IsForgotten()
    {
        var tempo = Measured(0.05);
        tempo.Waited(TimeSpan.FromSeconds(0.5));
        for (var i = 0; i < 64; i++)
        {
            tempo.Waited(TimeSpan.FromSeconds(0.01));
        }

        Assert.Equal(TimeSpan.FromSeconds(1), tempo.Limit(s_options, TimeSpan.Zero));
    }

    private static StepTempo Measured(double step)
    {
        var tempo = new StepTempo();
        tempo.Begin();
        Add(tempo, step);
        return tempo;
    }

    private static void Add(StepTempo tempo, double step)
    {
        for (var i = 0; i < 3; i++)
        {
            tempo.StepDone(TimeSpan.FromSeconds(step));
        }
    }
}
