using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>
/// What the nodes tell each other: members, who cannot reach whom, who was removed, and who has seen just this.
/// Two gossips merge without conflict, in any order and as often as one likes: each member is as far as the further
/// view of it, each row of reachability is the newer one, and the removed stay removed.
/// </summary>
internal sealed record Gossip(
    ImmutableSortedDictionary<UniqueAddress, Member> Members,
    Reachability Reachability,
    ImmutableSortedDictionary<UniqueAddress, long> Removed,
    ImmutableHashSet<UniqueAddress> Seen)
{
    /// <summary>How long a removal is remembered, in milliseconds: longer than any old gossip lives.</summary>
    private const long RemovedKept = 24 * 3600 * 1000L;

    /// <summary>Members are equal whatever their status, so the dictionary must not take one that moved on for the one it has.</summary>
    internal static readonly ImmutableSortedDictionary<UniqueAddress, Member> NoMembers =
        ImmutableSortedDictionary.Create<UniqueAddress, Member>(null, ReferenceEqualityComparer.Instance);

    internal static readonly Gossip Empty = new(
        NoMembers, Reachability.Empty, ImmutableSortedDictionary<UniqueAddress, long>.Empty, []);

    internal Member Find(UniqueAddress node) => Members.GetValueOrDefault(node);

    internal bool Has(UniqueAddress node) => Members.ContainsKey(node);

    internal Gossip SeenBy(UniqueAddress node) => Seen.Contains(node) ? this : this with { Seen = Seen.Add(node) };

    internal Gossip With(Member member) => this with { Members = Members.SetItem(member.UniqueAddress, member) };

    /// <summary>Takes members out, with all that is known of them.</summary>
    internal Gossip Without(IReadOnlyCollection<UniqueAddress> nodes, long nowMilliseconds)
    {
        var members = Members.RemoveRange(nodes);
        return this with
        {
            Members = members,
            Reachability = Reachability.Restrict(members.ContainsKey),
            Removed = Removed.SetItems(nodes.Select(n => KeyValuePair.Create(n, nowMilliseconds))),
            Seen = Seen.Except(nodes),
        };
    }

    /// <summary>Merges, and says who has seen the outcome.</summary>
    internal static Gossip Merge(Gossip a, Gossip b, long nowMilliseconds)
    {
        var removed = a.Removed.SetItems(b.Removed);
        var old = removed.Where(r => nowMilliseconds - r.Value > RemovedKept).Select(r => r.Key).ToArray();
        removed = removed.RemoveRange(old);
        var members = NoMembers.ToBuilder();
        foreach (var member in a.Members.Values.Concat(b.Members.Values))
        {
            var node = member.UniqueAddress;
            if (removed.ContainsKey(node)) continue;
            members[node] = members.TryGetValue(node, out var other) ? Member.Merge(other, member) : member;
        }
        var merged = new Gossip(members.ToImmutable(), Reachability.Merge(a.Reachability, b.Reachability, members.ContainsKey), removed, []);
        var seen = ImmutableHashSet<UniqueAddress>.Empty;
        if (merged.Same(a)) seen = seen.Union(a.Seen);
        if (merged.Same(b)) seen = seen.Union(b.Seen);
        return merged with { Seen = seen.Intersect(merged.Members.Keys) };
    }

    /// <summary>Whether both say the same; who has seen it does not count.</summary>
    internal bool Same(Gossip other) =>
        Members.Count == other.Members.Count
        && Members.All(m => other.Members.TryGetValue(m.Key, out var member) && member.Same(m.Value))
        && Reachability.Same(other.Reachability);
}
