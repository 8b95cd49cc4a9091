using TrainingCluster.Cli.Local;

namespace TrainingCluster.Chaos;

/// <summary>Which faults this machine can do. It is tried out, in namespaces that are gone again with the try.</summary>
internal static class FaultSupport
{
    private static readonly string[] s_network =
    [
        "unshare -n ip link add try0 type veth peer name try1",
        "unshare -n ip link add try0 type bridge",
        "bridge -V",
    ];

    /// <summary>Why a fault cannot be done here. Null: it can.</summary>
    public static async Task<string?> WhyNotAsync(FaultKind kind, CancellationToken cancellationToken)
    {
        if (kind == FaultKind.Clock)
        {
            return ShiftedClocks.Library is null ? "needs libfaketime (Debian package faketime)" : null;
        }
        string[] tries = kind switch
        {
            FaultKind.Disk => ["unshare -m true", "mount --version", "nsenter --version"],
            FaultKind.Partition => s_network,
            FaultKind.Narrow => [.. s_network, "unshare -n tc qdisc add dev lo root tbf rate 1mbit burst 8kb latency 50ms"],
            FaultKind.Lossy => [.. s_network, "unshare -n ip tuntap add try0 mode tap"],
            _ => [],
        };
        if (tries.Length > 0 && !Environment.IsPrivilegedProcess)
        {
            return "needs root";
        }
        foreach (var line in tries)
        {
            var program = line.Split(' ').First(word => word is not ("unshare" or "-n" or "-m"));
            switch (await SystemTool.TryRunAsync(line, cancellationToken))
            {
                case null:
                    return "needs unshare, mount (util-linux), ip, bridge and tc (iproute2)";
                case { ExitCode: not 0 } failed:
                    return $"this machine cannot: '{line[line.IndexOf(program, StringComparison.Ordinal)..]}' says: {failed.Complaint}";
            }
        }
        return null;
    }

    /// <summary>The faults that cannot be done here, and why.</summary>
    public static async Task<IReadOnlyDictionary<FaultKind, string>> MissingAsync(
        IEnumerable<FaultKind> kinds,
        CancellationToken cancellationToken
    )
    {
        var missing = new Dictionary<FaultKind, string>();
        foreach (var kind in kinds)
        {
            if (await WhyNotAsync(kind, cancellationToken) is { } why)
            {
                missing[kind] = why;
            }
        }
        return missing;
    }
}
