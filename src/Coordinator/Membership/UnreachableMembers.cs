using Akka.Actor;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>How long members have been unreachable, and whose time is over.</summary>
/// <param name="self">The coordinator's own address.</param>
/// <remarks>
/// A member is unreachable in Akka.Cluster as soon as any other says so. One that comes back from a cut accuses all that it could not reach
/// there, the coordinator too: only those are removed that the coordinator does not hear from either.
/// </remarks>
internal sealed class UnreachableMembers(Address self)
{
    private readonly Dictionary<Address, DateTimeOffset> _since = [];

    /// <summary>Those that have been unreachable for some time.</summary>
    /// <param name="unreachable">Those that somebody cannot reach now.</param>
    /// <param name="alive">Those that the coordinator hears from.</param>
    /// <param name="after">How long a member may be unreachable.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<Address> Due(IEnumerable<Address> unreachable, IReadOnlySet<Address> alive, TimeSpan after, DateTimeOffset now)
    {
        var silent = unreachable.Where(address => !address.Equals(self) && !alive.Contains(address)).ToHashSet();
        foreach (var back in _since.Keys.Where(address => !silent.Contains(address)).ToArray())
        {
            _since.Remove(back);
        }
        return [.. silent.Where(address => !_since.TryAdd(address, now) && _since[address] + after <= now)];
    }
}
