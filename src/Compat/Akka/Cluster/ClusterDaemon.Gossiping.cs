using Akka.Actor;

namespace Akka.Cluster;

/// <summary>Telling and being told.</summary>
internal sealed partial class ClusterDaemon
{
    /// <summary>The share of gossips that go to someone who has not seen this state, if there is any.</summary>
    private const double ToOthersOfDifferentView = 0.8;

    private void GossipNow()
    {
        SendGossip();
        // While a change spreads, three times as fast.
        if (Known.Seen.Count >= Known.Members.Count && Known.Members.Values.All(m => m.Status != MemberStatus.Down)) return;
        var third = Settings.GossipInterval / 3;
        Timers.StartSingleTimer("soon", Tick.GossipSoon, third);
        Timers.StartSingleTimer("later", Tick.GossipSoon, 2 * third);
    }

    private UniqueAddress[] GossipTargets() => [.. Known.Members.Keys.Where(n => n != SelfNode && Known.Reachability.IsReachable(SelfNode, n))];

    private void SendGossip()
    {
        var targets = GossipTargets();
        if (targets.Length == 0) return;
        UniqueAddress[] behind = [.. targets.Where(n => !Known.Seen.Contains(n))];
        var from = behind.Length > 0 && Random.Shared.NextDouble() < ToOthersOfDifferentView ? behind : targets;
        GossipTo(from[Random.Shared.Next(from.Length)]);
    }

    private void GossipToSome(int count)
    {
        var targets = GossipTargets();
        Random.Shared.Shuffle(targets);
        foreach (var node in targets.Take(count)) GossipTo(node);
    }

    private void GossipTo(UniqueAddress node) => DaemonAt(node.Address).Tell(new GossipEnvelope(SelfNode, node, Known), Self);

    private void ReceiveGossip(GossipEnvelope envelope)
    {
        var from = envelope.From;
        var remote = envelope.Gossip;
        // Gossip for another incarnation, from strangers or from those given up, or about a cluster without us is not for us.
        if (!IsMember || envelope.To != SelfNode || !Known.Has(from) || !Known.Reachability.IsReachable(SelfNode, from) || !remote.Has(SelfNode)) return;
        var before = SelfMember.Status;
        var merged = Gossip.Merge(Known, remote, NowMilliseconds);
        if (!_exiting && merged.Find(SelfNode)?.Status != MemberStatus.Exiting) merged = merged.SeenBy(SelfNode);
        foreach (var node in merged.Members.Keys)
            if (!Known.Has(node)) ForgetHeartbeats(node.Address);
        if (!merged.Same(Known) || !merged.Seen.SetEquals(Known.Seen)) Publish(new MembershipView(merged, SelfNode));
        // The sender learns what it lacks: another state, or that we have seen the same.
        if (!merged.Same(remote) || (!_exiting && !remote.Seen.Contains(SelfNode))) GossipTo(from);
        if (SelfMember?.Status == MemberStatus.Down && before != MemberStatus.Down)
        {
            _cluster.LogWarning($"Received gossip where this member has been downed, from [{from.Address}]");
            ShutdownSelfWhenDown();
        }
    }

    private void Leave(Address address)
    {
        var member = Known.Members.Values.FirstOrDefault(m => m.Address == address && m.Status is MemberStatus.Joining or MemberStatus.WeaklyUp or MemberStatus.Up);
        if (member is null) return;
        _cluster.LogInfo($"Marked address [{address}] as [Leaving]");
        Update(Known.With(member.With(MemberStatus.Leaving)));
        SendGossip();
    }

    private void Down(Address address)
    {
        var member = Known.Members.Values.FirstOrDefault(m => m.Address == address);
        if (member is null)
        {
            _cluster.LogInfo($"Ignoring down of unknown node [{address}]");
            return;
        }
        if (member.Status == MemberStatus.Down) return;
        _cluster.LogInfo($"Marking {(_view.Unreachable.Contains(member.UniqueAddress) ? "unreachable " : "")}node [{address}] as [Down]");
        Update(Known.With(member.With(MemberStatus.Down)));
        if (address == _cluster.SelfAddress) GossipToSome(GossipsBeforeShutdown);
        else GossipTo(member.UniqueAddress);
    }
}
