using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class AddressSpaceTests
{
    [Theory]
    [InlineData("Max address space         unlimited            unlimited            bytes     ", null)]
    [InlineData("Max address space         2048000000           2048000000           bytes     ", 2048000000L)]
    [InlineData("Max open files            1024                 4096                 files     ", null)]
    public void ParseLimit_OfTheKernel_IsTheSoftLimit(string line, long? expected) =>
        Assert.Equal(
            expected,
            AddressSpace.ParseLimit(["Limit                     Soft Limit           Hard Limit           Units", line])
        );

    [Fact]
    public void ParseTaken_OfTheKernel_IsInBytes() =>
        Assert.Equal(4096, AddressSpace.ParseTaken(["VmPeak:\t  8 kB", "VmSize:\t       4 kB"]));

    [Theory]
    [InlineData(null, true)]
    [InlineData(3_000_000_000L, true)]
    [InlineData(2_073_741_824L, true)]
    [InlineData(2_073_741_823L, false)]
    public void Problem_OfALimit_LeavesRoomForASmallJob(long? limit, bool fits)
    {
        var problem = AddressSpace.Problem(limit, taken: 500_000_000, libraries: 500_000_000);
        Assert.Equal(fits, problem is null);
        if (!fits)
        {
            Assert.Equal(
                "'ulimit -v' allows this process 2073 MB of addresses, of which 500 are taken; libtorch and a small job need 1573 "
                    + "more: raise it with 'ulimit -v unlimited'",
                problem
            );
        }
    }

    [Fact]
    public void TakenBytes_OfThisProcess_IsKnown() => Assert.True(AddressSpace.TakenBytes > 1_000_000);
}
