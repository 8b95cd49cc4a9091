namespace TrainingCluster.Chaos.Tests;

public sealed class RunNamesTests
{
    private const int LongestDeviceName = 15;

    [Theory]
    [InlineData(7)]
    [InlineData(4_194_304)]
    public void OwnerOf_AllNamesOfARun_IsItsProcess(int owner)
    {
        var names = new RunNames(owner);
        string[] devices =
        [
            names.Run,
            names.Port(0),
            names.Port(10),
            names.Port(15),
            names.Apart.Bridge,
            names.Apart.Near,
            names.Apart.Far,
        ];
        Assert.All(devices, name => Assert.InRange(name.Length, 1, LongestDeviceName));
        Assert.Equal(devices.Length, devices.Distinct().Count());
        Assert.All([.. devices, names.Namespace(0), names.Namespace(10)], name => Assert.Equal(owner, RunNames.OwnerOf(name)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("eth0")]
    [InlineData("chaos")]
    [InlineData("chaos-")]
    [InlineData("chaos-mesh")]
    [InlineData("chaos17p3")]
    [InlineData("my-chaos-17")]
    [InlineData("chaos-17x")]
    [InlineData("chaos-17-old")]
    [InlineData("chaos-99999999999")]
    public void OwnerOf_OtherNames_IsNobody(string name) => Assert.Null(RunNames.OwnerOf(name));
}
