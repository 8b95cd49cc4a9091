using System.Net;
using System.Net.Sockets;
using TrainingCluster.Hosting;

namespace TrainingCluster.Tests.Hosting;

public class ListenAddressTests
{
    [Theory]
    [InlineData("127.0.0.1", null, "127.0.0.1:80")]
    [InlineData("127.0.0.1", "trainer.example", "trainer.example:80")]
    [InlineData("localhost", null, "localhost:80")]
    [InlineData("::1", null, "[::1]:80")]
    [InlineData("[::1]", null, "[::1]:80")]
    [InlineData("0:0:0:0:0:0:0:1", null, "[::1]:80")]
    [InlineData("::ffff:127.0.0.1", null, "127.0.0.1:80")]
    [InlineData("127.1", null, "127.0.0.1:80")]
    [InlineData("LocalHost", null, "localhost:80")]
    [InlineData("0.0.0.0", "Trainer.Example", "trainer.example:80")]
    public void Parse_HostAndAdvertise_GiveWhatOthersAreTold(string host, string? advertise, string told) =>
        Assert.Equal(told, ListenAddress.Parse(host, advertise).HostPort(80));

    [Theory]
    [InlineData("LOCALHOST:7071", "localhost:7071")]
    [InlineData("127.1:7071", "127.0.0.1:7071")]
    [InlineData("[0:0:0:0:0:0:0:1]:7071", "[::1]:7071")]
    [InlineData("nonsense", "nonsense")]
    public void OneSpellingOf_AddressesOfPeople_AreAsActorsWriteThem(string given, string spelt) =>
        Assert.Equal(spelt, ListenAddress.OneSpellingOf(given));

    [Theory]
    [InlineData("0.0.0.0", false, false, false)]
    [InlineData("0.0.0.0", true, false, true)]
    [InlineData("0.0.0.0", false, true, true)]
    [InlineData("127.0.0.2", false, false, true)]
    [InlineData("::1", false, false, true)]
    public void RequireProtected_AddressThatOthersReach_NeedsTlsOrAWord(string host, bool tls, bool allowed, bool passes)
    {
        var problem = Record.Exception(() => (ListenAddress.Parse(host, null) with { Tls = tls }).RequireProtected(allowed));
        Assert.Equal(passes, problem is null);
        Assert.True(passes || problem!.Message.Contains(ProgramOptions.InsecureFlag, StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_AllAddresses_AdvertisesTheMachinesName() =>
        Assert.Equal(Dns.GetHostName().ToLowerInvariant(), ListenAddress.Parse("0.0.0.0", null).Advertised);

    [Fact]
    public void Parse_NameThatIsTooLong_NamesTheOption() =>
        Assert.Contains(
            "--host",
            Assert.Throws<InvalidDataException>(() => ListenAddress.Parse(new string('a', 300), null)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Parse_UnknownHost_NamesTheOption() =>
        Assert.Contains(
            "--host no.such.host.invalid",
            Assert.Throws<InvalidDataException>(() => ListenAddress.Parse("no.such.host.invalid", null)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void RequireFree_PortInUse_NamesPortAndFlag()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var error = Assert.Throws<InvalidDataException>(() => ListenAddress.Parse("127.0.0.1", null).RequireFree(port, "--grpc-port"));
        Assert.Contains($"port {port}", error.Message, StringComparison.Ordinal);
        Assert.Contains("--grpc-port", error.Message, StringComparison.Ordinal);
    }
}
