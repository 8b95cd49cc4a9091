using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster;

/// <summary>Watching the others: each node asks some of them for signs of life and judges by the answers.</summary>
internal sealed partial class ClusterDaemon
{
    private readonly Dictionary<Address, PhiAccrualFailureDetector> _detectors = [];

    /// <summary>The nodes that this one watches.</summary>
    private ImmutableHashSet<UniqueAddress> _receivers = [];

    private sealed record FirstHeartbeatDue(UniqueAddress Node);

    private void ForgetHeartbeats(Address address) => _detectors.Remove(address);

    private bool IsAvailable(Address address) => !_detectors.TryGetValue(address, out var detector) || detector.IsAvailable;

    private void UpdateHeartbeatReceivers()
    {
        var ring = Known.Has(SelfNode) ? NextInRing() : [];
        foreach (var node in _receivers.Except(ring))
        {
            // A lost node stays watched until it is back or removed, whatever the ring says.
            if (Known.Has(node) && !IsAvailable(node.Address)) ring = ring.Add(node);
            else if (!ring.Any(n => n.Address == node.Address)) ForgetHeartbeats(node.Address);
        }
        _receivers = ring;
    }

    /// <summary>The nodes that follow this one when all are put in a circle by hash, up to the number set; lost ones do not count.</summary>
    private ImmutableHashSet<UniqueAddress> NextInRing()
    {
        UniqueAddress[] circle = [.. Known.Members.Keys.OrderBy(Hash).ThenBy(n => n)];
        var here = Array.IndexOf(circle, SelfNode);
        var next = ImmutableHashSet.CreateBuilder<UniqueAddress>();
        for (int i = 1, counted = 0; i < circle.Length && counted < Settings.FailureDetector.MonitoredByNrOfMembers; i++)
        {
            var node = circle[(here + i) % circle.Length];
            next.Add(node);
            if (!_view.Unreachable.Contains(node)) counted++;
        }
        return next.ToImmutable();
    }

    /// <summary>Spreads neighbours of one host around the circle; the same in every process (FNV-1a).</summary>
    private static uint Hash(UniqueAddress node)
    {
        var hash = 2166136261u;
        foreach (var c in $"{node.Address}#{node.Uid}") hash = (hash ^ c) * 16777619u;
        return hash;
    }

    private void SendHeartbeats()
    {
        foreach (var node in _receivers)
        {
            if (!_detectors.ContainsKey(node.Address) && !Timers.IsTimerActive(node))
                Timers.StartSingleTimer(node, new FirstHeartbeatDue(node), Settings.FailureDetector.ExpectedResponseAfter);
            DaemonAt(node.Address).Tell(new Heartbeat(), Self);
        }
    }

    /// <summary>A node that never answered counts from now on.</summary>
    private void ExpectFirstHeartbeat(UniqueAddress node)
    {
        if (_receivers.Contains(node) && !_detectors.ContainsKey(node.Address)) Detector(node.Address).Heartbeat();
    }

    private void ReceiveHeartbeat(UniqueAddress from)
    {
        if (_receivers.Contains(from)) Detector(from.Address).Heartbeat();
    }

    private PhiAccrualFailureDetector Detector(Address address)
    {
        if (!_detectors.TryGetValue(address, out var detector))
            _detectors[address] = detector = new PhiAccrualFailureDetector(Settings.FailureDetector, _cluster.Time);
        return detector;
    }

    private void ReapUnreachable()
    {
        if (!IsMember || Known.Members.Count < 2) return;
        var row = Known.Reachability.Of(SelfNode);
        var next = row;
        foreach (var node in Known.Members.Keys.Where(n => n != SelfNode))
        {
            var available = IsAvailable(node.Address);
            if (!available && !row.Lost.ContainsKey(node))
            {
                _cluster.LogWarning($"Marking node as UNREACHABLE [{Known.Find(node)}].");
                next = next.Lose(node, dead: false);
            }
            else if (available && row.Lost.TryGetValue(node, out var dead) && !dead)
            {
                _cluster.LogInfo($"Marking node as REACHABLE [{Known.Find(node)}].");
                next = next.Find(node);
            }
        }
        if (!ReferenceEquals(next, row)) Update(Known with { Reachability = Known.Reachability.With(SelfNode, next) });
    }
}
