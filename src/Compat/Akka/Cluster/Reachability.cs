using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>What one node thinks of the others it watches: those it has lost, or knows to be dead. Only that node writes its row, and numbers each change.</summary>
internal sealed record ReachabilityRow(long Version, ImmutableSortedDictionary<UniqueAddress, bool> Lost)
{
    internal static readonly ReachabilityRow Empty = new(0, ImmutableSortedDictionary<UniqueAddress, bool>.Empty);

    /// <summary>Notes a loss; <paramref name="dead"/> ones do not come back.</summary>
    internal ReachabilityRow Lose(UniqueAddress subject, bool dead) =>
        Lost.TryGetValue(subject, out var was) && (was || !dead) ? this : new ReachabilityRow(Version + 1, Lost.SetItem(subject, dead));

    internal ReachabilityRow Find(UniqueAddress subject) =>
        Lost.TryGetValue(subject, out var dead) && !dead ? new ReachabilityRow(Version + 1, Lost.Remove(subject)) : this;
}

/// <summary>Everyone's rows.</summary>
internal sealed record Reachability(ImmutableSortedDictionary<UniqueAddress, ReachabilityRow> Rows)
{
    internal static readonly Reachability Empty = new(ImmutableSortedDictionary<UniqueAddress, ReachabilityRow>.Empty);

    /// <summary>Nodes that someone cannot reach.</summary>
    internal ImmutableSortedSet<UniqueAddress> Unreachable => UnreachableTo(_ => true);

    internal ImmutableSortedSet<UniqueAddress> UnreachableTo(Func<UniqueAddress, bool> observer) =>
        [.. Rows.Where(r => observer(r.Key)).SelectMany(r => r.Value.Lost.Keys)];

    internal ReachabilityRow Of(UniqueAddress observer) => Rows.GetValueOrDefault(observer, ReachabilityRow.Empty);

    internal bool IsReachable(UniqueAddress observer, UniqueAddress subject) => !Of(observer).Lost.ContainsKey(subject);

    internal Reachability With(UniqueAddress observer, ReachabilityRow row) => new(Rows.SetItem(observer, row));

    /// <summary>The newer row of each observer; only members count.</summary>
    internal static Reachability Merge(Reachability a, Reachability b, Func<UniqueAddress, bool> isMember)
    {
        var rows = ImmutableSortedDictionary.CreateBuilder<UniqueAddress, ReachabilityRow>();
        foreach (var observer in a.Rows.Keys.Union(b.Rows.Keys).Where(isMember))
        {
            var (rowA, rowB) = (a.Of(observer), b.Of(observer));
            rows[observer] = Restrict(rowA.Version >= rowB.Version ? rowA : rowB, isMember);
        }
        return new Reachability(rows.ToImmutable());
    }

    internal Reachability Restrict(Func<UniqueAddress, bool> isMember) => Merge(this, Empty, isMember);

    // Leaving out those who are no members is no change of opinion, so the number stays.
    private static ReachabilityRow Restrict(ReachabilityRow row, Func<UniqueAddress, bool> isMember) =>
        row.Lost.Keys.All(isMember) ? row : row with { Lost = row.Lost.RemoveRange(row.Lost.Keys.Where(s => !isMember(s))) };

    internal bool Same(Reachability other) =>
        Rows.Count == other.Rows.Count && Rows.All(r => other.Rows.TryGetValue(r.Key, out var row) && row.Version == r.Value.Version && row.Lost.Count == r.Value.Lost.Count);
}
