using TrainingCluster.Coordinator.Jobs.Machine;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>Random interleavings of everything that can happen; every world is told by its seed.</summary>
public class JobMachineModelTests
{
    private const int Worlds = 400;
    private const int FaultyActions = 400;
    private const int QuietActions = 4000;

    [Fact]
    public void Step_RandomInterleavings_KeepTheInvariantsAndTheJobEnds()
    {
        var fired = new Dictionary<string, int>();
        var (equal, discarded) = (0, 0L);
        for (var seed = 0; seed < Worlds; seed++)
        {
            var world = new World(seed);
            try
            {
                for (var i = 0; i < FaultyActions; i++)
                {
                    world.Act();
                }
                world.StopFaults();
                for (var i = 0; i < QuietActions && !world.State.Phase.HasEnded(); i++)
                {
                    world.Act();
                }
                Assert.True(world.State.Phase == JobPhase.Succeeded, $"ends as {world.State.Phase}: {world.State.Reason}");
                world.CheckLedger();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"world {seed}, generation {world.Generations}: {e.Message}", e);
            }
            (equal, discarded) = (equal + world.HistoriesEqual, discarded + world.Discarded);
            foreach (var (fault, count) in world.Fired)
            {
                fired[fault] = fired.GetValueOrDefault(fault) + count;
            }
        }
        string[] faults =
        [
            "kill",
            "restart",
            "pause",
            "wake",
            "coordinator restarts",
            "coordinator dies before sending",
            "drain",
            "checkpoint",
            "suspend or resume",
            "lost message",
            "repeated message",
            "speed changes",
            "boundary",
            "worker_joined",
            "left aside",
            "asked back",
            "preempted",
            "lent worker comes back",
        ];
        Assert.All(
            faults,
            fault => Assert.True(fired.GetValueOrDefault(fault) > 50, $"{fault} fired {fired.GetValueOrDefault(fault)} times")
        );
        // What needs several things at once is rarer.
        string[] rare = ["rebalance", "worker_drained", "leaving"];
        Assert.All(rare, fault => Assert.True(fired.GetValueOrDefault(fault) > 5, $"{fault} fired {fired.GetValueOrDefault(fault)} times"));
        // In nearly all worlds; where two groups computed the same steps apart, either one's history is right.
        Assert.InRange(equal, Worlds * 9 / 10, Worlds);
        Assert.True(discarded > 0, "no step was ever discarded");
    }

    [Fact]
    public void Step_NothingGoesWrong_OneOrTwoGenerationsDoTheJob()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var world = new World(seed, faults: false);
            for (var i = 0; i < QuietActions && !world.State.Phase.HasEnded(); i++)
            {
                world.Act();
            }
            Assert.True(world.State.Phase == JobPhase.Succeeded, $"world {seed}: {world.State.Phase}: {world.State.Reason}");
        }
    }
}
