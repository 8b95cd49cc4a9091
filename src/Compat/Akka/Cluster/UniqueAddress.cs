using Akka.Actor;

namespace Akka.Cluster;

/// <summary>One incarnation of a node: its address, and a number that a restart changes.</summary>
public class UniqueAddress : IComparable<UniqueAddress>, IEquatable<UniqueAddress>, IComparable
{
    public UniqueAddress(Address address, int uid) => (Address, Uid) = (address, uid);

    public Address Address { get; }
    public int Uid { get; }

    public int CompareTo(UniqueAddress uniqueAddress)
    {
        if (uniqueAddress is null) return 1;
        var order = Address.CompareTo(uniqueAddress.Address);
        return order != 0 ? order : Uid.CompareTo(uniqueAddress.Uid);
    }

    int IComparable.CompareTo(object obj) => CompareTo((UniqueAddress)obj);

    public bool Equals(UniqueAddress other) => other is not null && Uid == other.Uid && Address.Equals(other.Address);
    public override bool Equals(object obj) => Equals(obj as UniqueAddress);
    public override int GetHashCode() => Uid;
    public override string ToString() => $"UniqueAddress: ({Address}, {Uid})";
    public static bool operator ==(UniqueAddress left, UniqueAddress right) => Equals(left, right);
    public static bool operator !=(UniqueAddress left, UniqueAddress right) => !Equals(left, right);
}
