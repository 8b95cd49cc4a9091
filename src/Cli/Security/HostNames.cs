using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace TrainingCluster.Cli.Security;

/// <summary>Names by which certificates let a program be called: names of DNS and IP addresses.</summary>
internal static class HostNames
{
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    // The underscore is in no host's name, but container networks give it to some.
    private static readonly SearchValues<char> s_ofLabels = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_");
    private static readonly SearchValues<char> s_ofIPv4 = SearchValues.Create("0123456789.");
    private static readonly SearchValues<char> s_ofIPv6 = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>By these every program is called from its own machine.</summary>
    public static IReadOnlyList<string> OfThisMachine { get; } =
    [.. new[] { "localhost", Spell(Dns.GetHostName()), "127.0.0.1", "::1" }.OfType<string>().Distinct()];

    /// <summary>The one spelling of a name or address that certificates use. Null: it is neither.</summary>
    /// <param name="text">For example Coordinator.Example.org, *.worker.cluster.svc, 10.0.0.5 or ::1.</param>
    public static string? Spell(string text) =>
        text.Contains(':', StringComparison.Ordinal) ? SpellIPv6(text)
        : text.AsSpan().ContainsAnyExcept(s_ofIPv4) ? SpellName(text)
        : SpellIPv4(text);

    private static string? SpellIPv6(string text)
    {
        if (text.AsSpan().ContainsAnyExcept(s_ofIPv6) || !IPAddress.TryParse(text, out var address))
        {
            return null;
        }
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return IsOfAMachine(address) ? address.ToString() : null;
    }

    /// <summary>Four numbers without leading zeros: 127.1 and 010.0.0.1 mean different things to different programs.</summary>
    private static string? SpellIPv4(string text) =>
        IPAddress.TryParse(text, out var address)
        && address.AddressFamily == AddressFamily.InterNetwork
        && address.ToString() == text
        && IsOfAMachine(address)
            ? text
            : null;

    private static bool IsOfAMachine(IPAddress address) => !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    private static string? SpellName(string text)
    {
        var name = text.ToLowerInvariant();
        name = name.EndsWith('.') ? name[..^1] : name;
        var labels = name.Split('.');
        // A wildcard stands for one label, and not for all names of a top-level domain.
        var fixedLabels = labels is ["*", _, _, ..] ? labels[1..] : labels;
        return name.Length <= LongestName && fixedLabels.All(IsLabel) ? name : null;
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= LongestLabel && label[0] != '-' && label[^1] != '-' && !label.AsSpan().ContainsAnyExcept(s_ofLabels);
}
