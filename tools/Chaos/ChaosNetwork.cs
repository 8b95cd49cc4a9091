using System.Globalization;
using TrainingCluster.Cli.Local;

namespace TrainingCluster.Chaos;

/// <summary>
/// A network namespace a process, each with one link to a bridge: links can be cut, narrowed and made to lose packets. Place 0
/// is the coordinator's, the others are workers'. The bridge has an address of its own, from which we reach all of them.
/// </summary>
internal sealed class ChaosNetwork : IAsyncDisposable
{
    private const string Narrow = "tbf rate 20mbit burst 16kb latency 15ms";
    private readonly RunNames _names = RunNames.Ours;
    private readonly int _subnet;
    private readonly int _places;

    private ChaosNetwork(int subnet, int places) => (_subnet, _places) = (subnet, places);

    private string Bridge => _names.Run;

    /// <summary>Makes the bridge and the places.</summary>
    public static async Task<ChaosNetwork> CreateAsync(int places, CancellationToken cancellationToken)
    {
        var network = new ChaosNetwork(RunNames.Ours.Owner % 250, places);
        try
        {
            // Without an address of its own a bridge takes over that of a port, and another one when ports come and go.
            await IpAsync($"link add {network.Bridge} address 02:c4:a0:05:00:01 type bridge", cancellationToken);
            await IpAsync($"addr add {network.Address(-9)}/24 dev {network.Bridge}", cancellationToken);
            await IpAsync($"link set {network.Bridge} up", cancellationToken);
            for (var place = 0; place < places; place++)
            {
                await network.AddAsync(place, cancellationToken);
            }
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where the process at a place listens.</summary>
    public string Address(int place) => $"10.213.{_subnet}.{10 + place}";

    /// <summary>What starts a process at a place.</summary>
    public IReadOnlyList<string> Launcher(int place) => ["ip", "netns", "exec", Name(place)];

    /// <summary>From now on nothing passes this place's link, and nobody is told.</summary>
    public Task CutAsync(int place, CancellationToken cancellationToken) =>
        SystemTool.RunAsync($"bridge link set dev {Port(place)} state 0", cancellationToken);

    /// <summary>Places that are kept apart do not reach one another, but all others.</summary>
    public Task KeepApartAsync(int place, CancellationToken cancellationToken) =>
        SystemTool.RunAsync($"bridge link set dev {Port(place)} isolated on", cancellationToken);

    /// <summary>The link is whole again.</summary>
    public async Task MendAsync(int place)
    {
        await SystemTool.RunAsync($"bridge link set dev {Port(place)} isolated off", CancellationToken.None);
        await SystemTool.RunAsync($"bridge link set dev {Port(place)} state 3", CancellationToken.None);
    }

    /// <summary>
    /// What leaves and what reaches the place goes through a queue of the kernel of 20 Mbit/s and 15 ms: a step's gradients do not fit.
    /// </summary>
    public async Task NarrowAsync(int place, CancellationToken cancellationToken)
    {
        await SystemTool.RunAsync($"tc qdisc add dev {Port(place)} root {Narrow}", cancellationToken);
        await IpAsync($"netns exec {Name(place)} tc qdisc add dev eth0 root {Narrow}", cancellationToken);
    }

    /// <summary>Ends what <see cref="NarrowAsync"/> began.</summary>
    public async Task WidenAsync(int place)
    {
        await SystemTool.RunAsync($"tc qdisc del dev {Port(place)} root", CancellationToken.None);
        await IpAsync($"netns exec {Name(place)} tc qdisc del dev eth0 root", CancellationToken.None);
    }

    /// <summary>
    /// Takes the place's link apart: one half ends in one device, one in the other, and nothing passes but what the caller takes
    /// from one and gives to the other. The process at the place sees the same device and the same addresses as before.
    /// </summary>
    /// <returns>The devices at the ends of the place's half and of the bridge's half.</returns>
    public async Task<(Tap Near, Tap Far)> TakeApartAsync(int place, CancellationToken cancellationToken)
    {
        var (bridge, near, far) = _names.Apart;
        Tap? nearTap = null,
            farTap = null;
        try
        {
            (nearTap, farTap) = (Tap.Open(near), Tap.Open(far));
            await IpAsync($"link add {bridge} type bridge", cancellationToken);
            await IpAsync($"link set {bridge} up", cancellationToken);
            await IpAsync($"link set {near} master {bridge} up", cancellationToken);
            await IpAsync($"link set {far} master {Bridge} up", cancellationToken);
            await IpAsync($"link set {Port(place)} master {bridge}", cancellationToken);
            return (nearTap, farTap);
        }
        catch
        {
            nearTap?.Dispose();
            farTap?.Dispose();
            await PutTogetherAsync(place);
            throw;
        }
    }

    /// <summary>Ends what <see cref="TakeApartAsync"/> began.</summary>
    public async Task PutTogetherAsync(int place)
    {
        await IpAsync($"link set {Port(place)} master {Bridge}", CancellationToken.None);
        await SystemTool.TryRunAsync($"ip link del {_names.Apart.Bridge}", CancellationToken.None);
    }

    /// <summary>Counts of both queues: packets passed, dropped and held back.</summary>
    public async Task<(long Passed, long Dropped, long Delayed)> QueueAsync(int place, CancellationToken cancellationToken)
    {
        var text =
            await SystemTool.RunAsync($"tc -s qdisc show dev {Port(place)}", cancellationToken)
            + await IpAsync($"netns exec {Name(place)} tc -s qdisc show dev eth0", cancellationToken);
        return (Sum(" bytes "), Sum("(dropped "), Sum("overlimits "));

        long Sum(string before) =>
            text.Split(before)
                .Skip(1)
                .Sum(rest => long.Parse(rest.Split([' ', ','], 2)[0], NumberStyles.Integer, CultureInfo.InvariantCulture));
    }

    /// <summary>Packets that the place has sent.</summary>
    public async Task<long> SentAsync(int place, CancellationToken cancellationToken) =>
        long.Parse(
            await File.ReadAllTextAsync($"/sys/class/net/{Port(place)}/statistics/rx_packets", cancellationToken),
            CultureInfo.InvariantCulture
        );

    /// <summary>Tries to connect from one place to a port of another, for a second.</summary>
    public async Task<bool> ReachesAsync(int place, string hostPort, CancellationToken cancellationToken)
    {
        var colon = hostPort.LastIndexOf(':');
        var result = await SystemTool.TryRunAsync(
            $"ip netns exec {Name(place)} timeout 1 bash -c",
            cancellationToken,
            $": </dev/tcp/{hostPort[..colon]}/{hostPort[(colon + 1)..]}"
        );
        // A port that refuses has answered; what is cut off does not.
        return result is { ExitCode: 0 } || (result?.Error.Contains("refused", StringComparison.Ordinal) ?? false);
    }

    public async ValueTask DisposeAsync()
    {
        // What was not made yet is not there to be removed: that is no failure.
        for (var place = 0; place < _places; place++)
        {
            await SystemTool.TryRunAsync($"ip link del {Port(place)}", CancellationToken.None);
            await SystemTool.TryRunAsync($"ip netns del {Name(place)}", CancellationToken.None);
        }
        await SystemTool.TryRunAsync($"ip link del {Bridge}", CancellationToken.None);
    }

    private async Task AddAsync(int place, CancellationToken cancellationToken)
    {
        await IpAsync($"netns add {Name(place)}", cancellationToken);
        await IpAsync($"link add {Port(place)} type veth peer name eth0 netns {Name(place)}", cancellationToken);
        await IpAsync($"link set {Port(place)} master {Bridge} up", cancellationToken);
        await IpAsync($"-n {Name(place)} addr add {Address(place)}/24 dev eth0", cancellationToken);
        await IpAsync($"-n {Name(place)} link set eth0 up", cancellationToken);
        await IpAsync($"-n {Name(place)} link set lo up", cancellationToken);
    }

    private string Name(int place) => _names.Namespace(place);

    private string Port(int place) => _names.Port(place);

    private static Task<string> IpAsync(string arguments, CancellationToken cancellationToken) =>
        SystemTool.RunAsync($"ip {arguments}", cancellationToken);
}
