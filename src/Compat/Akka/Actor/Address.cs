namespace Akka.Actor;

/// <summary>Where an actor system lives: <c>akka.tcp://system@host:port</c>, or <c>akka://system</c> for one without a network.</summary>
public sealed class Address : IEquatable<Address>, IComparable<Address>, IComparable, ICloneable
{
    /// <summary>Orders by protocol, system, host and port.</summary>
    public static readonly IComparer<Address> Comparer = Comparer<Address>.Create(Compare);

    public static readonly Address AllSystems = new("akka", "all-systems");

    public Address(string protocol, string system, string host = null, int? port = null)
    {
        Protocol = protocol;
        System = system;
        Host = host?.ToLowerInvariant();
        Port = port;
    }

    public string Protocol { get; }
    public string System { get; }
    public string Host { get; }
    public int? Port { get; }
    public bool HasLocalScope => string.IsNullOrEmpty(Host);
    public bool HasGlobalScope => !HasLocalScope;

    public static Address Parse(string address) =>
        TryParse(address, out var parsed) ? parsed : throw new UriFormatException($"Address [{address}] is not of the form protocol://system@host:port.");

    public static bool TryParse(string path, out Address address) => TryParse(path, out address, out _);

    /// <summary>Splits <paramref name="path"/> into its address and the rest, which starts with a slash.</summary>
    public static bool TryParse(string path, out Address address, out string absolutUri)
    {
        (address, absolutUri) = (null, null);
        if (path is null) return false;
        var scheme = path.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0 || !path.StartsWith("akka", StringComparison.OrdinalIgnoreCase)) return false;
        var start = scheme + 3;
        var slash = path.IndexOf('/', start);
        var authority = slash < 0 ? path[start..] : path[start..slash];
        absolutUri = slash < 0 ? "/" : path[slash..];
        var protocol = path[..scheme];
        var at = authority.IndexOf('@', StringComparison.Ordinal);
        if (at < 0)
        {
            if (authority.Length == 0 || authority.Contains(':', StringComparison.Ordinal)) return false;
            address = new Address(protocol, authority);
            return true;
        }
        // An IPv6 host stands in brackets, so the port follows the last colon.
        var colon = authority.LastIndexOf(':');
        if (at == 0 || colon <= at + 1 || !int.TryParse(authority.AsSpan(colon + 1), out var port) || port is < 0 or > 65535) return false;
        address = new Address(protocol, authority[..at], authority[(at + 1)..colon], port);
        return true;
    }

    public Address WithProtocol(string protocol) => new(protocol, System, Host, Port);
    public Address WithSystem(string system) => new(Protocol, system, Host, Port);
    public Address WithHost(string host = null) => new(Protocol, System, host, Port);
    public Address WithPort(int? port = null) => new(Protocol, System, Host, port);

    /// <summary><c>system@host:port</c>.</summary>
    public string HostPort() => HasLocalScope ? System : $"{System}@{Host}:{Port}";

    public bool Equals(Address other) =>
        other is not null && Port == other.Port && Host == other.Host && System == other.System && Protocol == other.Protocol;

    public override bool Equals(object obj) => Equals(obj as Address);
    public override int GetHashCode() => HashCode.Combine(Protocol, System, Host, Port);
    public int CompareTo(Address other) => Compare(this, other);
    int IComparable.CompareTo(object obj) => Compare(this, (Address)obj);
    public object Clone() => new Address(Protocol, System, Host, Port);
    public override string ToString() => $"{Protocol}://{HostPort()}";

    public static bool operator ==(Address left, Address right) => Equals(left, right);
    public static bool operator !=(Address left, Address right) => !Equals(left, right);

    private static int Compare(Address a, Address b)
    {
        if (ReferenceEquals(a, b)) return 0;
        if (a is null) return -1;
        if (b is null) return 1;
        var order = string.CompareOrdinal(a.Protocol, b.Protocol);
        if (order == 0) order = string.CompareOrdinal(a.System, b.System);
        if (order == 0) order = string.CompareOrdinal(a.Host ?? "", b.Host ?? "");
        return order != 0 ? order : (a.Port ?? 0).CompareTo(b.Port ?? 0);
    }
}
