namespace Akka.Actor;

/// <summary>
/// The place of an actor: the address of its system and the names from the root down.
/// <c>akka.tcp://system@host:port/user/parent/child#uid</c>; two incarnations of a name differ in their uid only,
/// which paths ignore when they are compared and references do not.
/// </summary>
public abstract class ActorPath : IEquatable<ActorPath>, IComparable<ActorPath>
{
    public const string ValidSymbols = "\"-_.*$+:@&=,!~';()";

    private protected ActorPath(Address address, ActorPath parent, string name, long uid)
    {
        Address = address;
        Parent = parent ?? this;
        Name = name;
        Uid = uid;
        Depth = parent is null ? 0 : parent.Depth + 1;
    }

    public Address Address { get; }
    public ActorPath Parent { get; }
    public string Name { get; }
    public long Uid { get; }
    public int Depth { get; }
    public ActorPath Root => Depth == 0 ? this : Parent.Root;

    public IReadOnlyList<string> Elements
    {
        get
        {
            if (Depth == 0) return [""];
            var names = new string[Depth];
            for (var p = this; p.Depth > 0; p = p.Parent) names[p.Depth - 1] = p.Name;
            return names;
        }
    }

    /// <summary>Whether an actor may bear this name.</summary>
    public static bool IsValidPathElement(string s)
    {
        if (string.IsNullOrEmpty(s) || s[0] == '$') return false;
        foreach (var c in s)
            if (!char.IsAsciiLetterOrDigit(c) && !ValidSymbols.Contains(c, StringComparison.Ordinal)) return false;
        return true;
    }

    public static ActorPath Parse(string path) =>
        TryParse(path, out var parsed) ? parsed : throw new UriFormatException($"Can not parse an ActorPath: {path}");

    public static bool TryParse(string path, out ActorPath actorPath)
    {
        actorPath = null;
        if (!Address.TryParse(path, out var address, out var rest)) return false;
        var uid = 0L;
        var hash = rest.LastIndexOf('#');
        if (hash >= 0)
        {
            if (!long.TryParse(rest.AsSpan(hash + 1), out uid)) return false;
            rest = rest[..hash];
        }
        actorPath = new RootActorPath(address);
        foreach (var name in rest.Split('/', StringSplitOptions.RemoveEmptyEntries)) actorPath /= name;
        if (uid != 0) actorPath = actorPath.WithUid(uid);
        return true;
    }

    public static bool TryParseAddress(string path, out Address address) => Address.TryParse(path, out address);

    public ActorPath Child(string childName) => this / childName;
    public ActorPath WithUid(long uid) => Depth == 0 ? this : new ChildActorPath(Parent, Name, uid);

    public string ToStringWithoutAddress() => "/" + string.Join('/', Elements);
    public string ToStringWithAddress() => Address + ToStringWithoutAddress();
    public string ToStringWithAddress(Address address) => (Address.HasGlobalScope ? Address : address) + ToStringWithoutAddress();
    public string ToStringWithUid() => Uid == 0 ? ToStringWithAddress() : $"{ToStringWithAddress()}#{Uid}";

    /// <summary>The form that crosses the network: with the address by which others reach us, and the uid.</summary>
    internal string ToSerializationFormat(Address own) => Uid == 0 ? ToStringWithAddress(own) : $"{ToStringWithAddress(own)}#{Uid}";

    public override string ToString() => ToStringWithAddress();

    public bool Equals(ActorPath other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || Depth != other.Depth) return false;
        ActorPath a = this, b = other;
        for (; a.Depth > 0; a = a.Parent, b = b.Parent)
            if (a.Name != b.Name) return false;
        return a.Address.Equals(b.Address);
    }

    public override bool Equals(object obj) => Equals(obj as ActorPath);
    public override int GetHashCode() => HashCode.Combine(Name, Depth, Depth == 0 ? "" : Parent.Name);

    public int CompareTo(ActorPath other) =>
        other is null ? 1 : string.CompareOrdinal(ToStringWithAddress(), other.ToStringWithAddress());

    public static ActorPath operator /(ActorPath path, string name) => new ChildActorPath(path, name, 0);

    public static ActorPath operator /(ActorPath path, IEnumerable<string> name)
    {
        foreach (var element in name) path /= element;
        return path;
    }

    public static bool operator ==(ActorPath left, ActorPath right) => Equals(left, right);
    public static bool operator !=(ActorPath left, ActorPath right) => !Equals(left, right);
}

/// <summary>The path of a system's root.</summary>
public sealed class RootActorPath : ActorPath
{
    public RootActorPath(Address address, string name = "") : base(address, null, name, 0) { }
}

/// <summary>A path below another.</summary>
public sealed class ChildActorPath : ActorPath
{
    public ChildActorPath(ActorPath parentPath, string name, long uid) : base(parentPath.Address, parentPath, name, uid) { }
}
