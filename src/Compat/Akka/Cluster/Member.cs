using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster;

/// <summary>Where a member stands in its life.</summary>
public enum MemberStatus
{
    Joining = 0,
    Up = 1,
    Leaving = 2,
    Exiting = 3,
    Down = 4,
    Removed = 5,
    WeaklyUp = 6,
}

/// <summary>A node of the cluster as the gossip knows it. Equality is that of its <see cref="UniqueAddress"/>, whatever its status.</summary>
public class Member : IComparable<Member>, IComparable
{
    /// <summary>By host and port.</summary>
    public static readonly IComparer<Address> AddressOrdering = Comparer<Address>.Create(CompareAddresses);

    /// <summary>The oldest first.</summary>
    public static readonly IComparer<Member> AgeOrdering =
        Comparer<Member>.Create((a, b) => a.Equals(b) ? 0 : a.IsOlderThan(b) ? -1 : 1);

    internal Member(UniqueAddress uniqueAddress, int upNumber, MemberStatus status, ImmutableHashSet<string> roles) =>
        (UniqueAddress, UpNumber, Status, Roles) = (uniqueAddress, upNumber, status, roles);

    public UniqueAddress UniqueAddress { get; }
    public Address Address => UniqueAddress.Address;
    public MemberStatus Status { get; }
    public ImmutableHashSet<string> Roles { get; }

    /// <summary>Members are numbered as they come up; the largest number stands for one that did not yet.</summary>
    internal int UpNumber { get; }

    /// <summary>How far it has come; a merge takes the one that has come further.</summary>
    internal int Progress => Status switch
    {
        MemberStatus.Joining => 0,
        MemberStatus.WeaklyUp => 1,
        MemberStatus.Up => 2,
        MemberStatus.Leaving => 3,
        MemberStatus.Exiting => 4,
        MemberStatus.Down => 5,
        _ => 6,
    };

    public bool HasRole(string role) => Roles.Contains(role);

    public bool IsOlderThan(Member other) =>
        UpNumber == other.UpNumber ? AddressOrdering.Compare(Address, other.Address) < 0 : UpNumber < other.UpNumber;

    internal Member With(MemberStatus status) => new(UniqueAddress, UpNumber, status, Roles);

    internal Member Up(int upNumber) => new(UniqueAddress, upNumber, MemberStatus.Up, Roles);

    internal bool Same(Member other) => Status == other.Status && UpNumber == other.UpNumber && UniqueAddress == other.UniqueAddress;

    /// <summary>The further of two views of a member.</summary>
    internal static Member Merge(Member a, Member b)
    {
        var further = a.Progress >= b.Progress ? a : b;
        var upNumber = Math.Min(a.UpNumber, b.UpNumber);
        return further.UpNumber == upNumber ? further : new Member(further.UniqueAddress, upNumber, further.Status, further.Roles);
    }

    public int CompareTo(Member other)
    {
        if (other is null) return 1;
        var order = AddressOrdering.Compare(Address, other.Address);
        return order != 0 ? order : UniqueAddress.Uid.CompareTo(other.UniqueAddress.Uid);
    }

    int IComparable.CompareTo(object obj) => CompareTo((Member)obj);

    public override bool Equals(object obj) => obj is Member other && UniqueAddress.Equals(other.UniqueAddress);
    public override int GetHashCode() => UniqueAddress.GetHashCode();
    public override string ToString() => $"Member(address = {Address}, Uid={UniqueAddress.Uid} status = {Status}, role=[{string.Join(",", Roles)}], upNumber={UpNumber})";

    private static int CompareAddresses(Address a, Address b)
    {
        var order = string.CompareOrdinal(a.Host ?? "", b.Host ?? "");
        return order != 0 ? order : Nullable.Compare(a.Port, b.Port);
    }
}
