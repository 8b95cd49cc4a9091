using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class ResidentMemoryTests
{
    private long _resident = 1L << 30;
    private int _trims;

    [Fact]
    public void AfterStep_GrownBeyondTheBound_TrimsOnceAndCountsAnew()
    {
        var memory = Started();
        _resident += ResidentMemory.Growth;
        Assert.False(memory.AfterStep());
        _resident += 1;
        Assert.True(memory.AfterStep());
        // Nothing was free after all: what is in use is the new base, and no step trims in vain.
        Assert.False(memory.AfterStep());
        Assert.False(memory.AfterStep());
        Assert.Equal(1, _trims);
    }

    [Fact]
    public void AfterStep_Steady_NeverTrims()
    {
        var memory = Started();
        for (var step = 0; step < 1000; step++)
        {
            _resident += step % 2 == 0 ? 100 << 20 : -100 << 20;
            Assert.False(memory.AfterStep());
        }

        Assert.Equal(0, _trims);
    }

    // What loading has left goes with the first step.
    private ResidentMemory Started()
    {
        var memory = new ResidentMemory(() => _resident, () => _trims++);
        Assert.True(memory.AfterStep());
        Assert.False(memory.AfterStep());
        _trims = 0;
        return memory;
    }
}
