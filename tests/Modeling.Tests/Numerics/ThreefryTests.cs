using System.Runtime.Intrinsics;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Tests.Numerics;

public sealed class ThreefryTests
{
    // The known answers of Random123, the authors' own library, for threefry2x32 with 20 rounds.
    [Theory]
    [InlineData(0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x6b200159u, 0x99ba4efeu)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x1cb996fcu, 0xbb002be7u)]
    [InlineData(0x13198a2eu, 0x03707344u, 0x243f6a88u, 0x85a308d3u, 0xc4923a9cu, 0x483df7a0u)]
    public void Block_KnownCounter_GivesTheKnownAnswer(uint key0, uint key1, uint counter0, uint counter1, uint first, uint second)
    {
        var x0 = Vector512.Create(counter0);
        var x1 = Vector512.Create(counter1);
        Threefry.Block(key0, key1, ref x0, ref x1);
        Assert.Equal(Vector512.Create(first), x0);
        Assert.Equal(Vector512.Create(second), x1);
    }
}
