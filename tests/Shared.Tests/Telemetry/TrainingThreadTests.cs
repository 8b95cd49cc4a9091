using TrainingCluster.Telemetry;

namespace TrainingCluster.Tests.Telemetry;

public sealed class TrainingThreadTests
{
    [Fact]
    public void Enter_EachPhase_IsTheWholeNameThatTheSystemShows()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux's");
        var seen = new List<string>();
        var thread = new Thread(() =>
        {
            TrainingThread.Begin();
            foreach (var phase in Enum.GetValues<TrainingPhase>())
            {
                TrainingThread.Enter(phase);
                seen.Add(File.ReadAllText("/proc/thread-self/comm").TrimEnd());
            }
        });
        thread.Start();
        thread.Join();
        Assert.Equal(Enum.GetValues<TrainingPhase>(), seen.Select(name => TrainingThread.PhaseOf(name)!.Value));
        Assert.Equal("train:backward", seen[(int)TrainingPhase.Backward]);
    }

    [Fact]
    public void Enter_ThreadThatDoesNotTrain_KeepsItsName()
    {
        string? name = null;
        var thread = new Thread(() =>
        {
            TrainingThread.Enter(TrainingPhase.Backward);
            name = Thread.CurrentThread.Name;
        });
        thread.Name = "warm-up";
        thread.Start();
        thread.Join();
        Assert.Equal("warm-up", name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("train:")]
    [InlineData("train:breakfast")]
    [InlineData(".NET TP Worker")]
    public void PhaseOf_OtherNames_IsNull(string name) => Assert.Null(TrainingThread.PhaseOf(name));
}
