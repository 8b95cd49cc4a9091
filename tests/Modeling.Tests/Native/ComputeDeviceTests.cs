using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class ComputeDeviceTests
{
    [Theory]
    [InlineData("cpu", false, 0)]
    [InlineData("cuda", true, 1)]
    [InlineData("cuda:0", true, 1)]
    [InlineData("cuda:1", true, 2)]
    public void Problem_DeviceThatIsThere_IsNone(string device, bool built, int count) =>
        Assert.Null(ComputeDevice.Problem(device, built, count));

    [Theory]
    [InlineData("gpu", true, 1, "must be cpu, cuda or cuda:N")]
    [InlineData("cuda:", true, 1, "must be cpu")]
    [InlineData("cuda:-1", true, 1, "must be cpu")]
    [InlineData("CUDA:0", true, 1, "must be cpu")]
    [InlineData("cuda:0", false, 0, "computes on the CPU alone; give --libtorch DIR")]
    [InlineData("cuda:0", true, 0, "libtorch sees no GPU; see that the driver is installed")]
    [InlineData("cuda:1", true, 1, "there is 1 GPU here: cuda:0")]
    [InlineData("cuda:2", true, 2, "there are 2 GPUs here: cuda:0 to cuda:1")]
    public void Problem_DeviceThatIsNot_SaysWhatIs(string device, bool built, int count, string expected) =>
        Assert.Contains(expected, ComputeDevice.Problem(device, built, count)!, StringComparison.Ordinal);

    [Fact]
    public void Require_NoDeviceOfThisName_NamesTheOption()
    {
        var error = Assert.Throws<InvalidDataException>(() => ComputeDevice.Require("tpu"));
        Assert.StartsWith("--device tpu: must be", error.Message, StringComparison.Ordinal);
    }
}
