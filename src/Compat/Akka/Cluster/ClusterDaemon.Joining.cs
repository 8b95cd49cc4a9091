using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster;

/// <summary>Getting in, and letting others in.</summary>
internal sealed partial class ClusterDaemon
{
    /// <summary>How often the first seed asks the others whether there is a cluster.</summary>
    private static readonly TimeSpan FirstSeedInterval = TimeSpan.FromSeconds(1);

    private JoinProcess _joining;
    private long? _joinStarted;

    /// <summary>Where a node that is no member yet stands.</summary>
    private sealed record JoinProcess
    {
        internal ImmutableList<Address> Seeds { get; init; } = [];

        /// <summary>The node that was asked to take us in.</summary>
        internal Address With { get; init; }

        /// <summary>Seeds that did not refuse yet.</summary>
        internal ImmutableList<Address> Remaining { get; init; } = [];

        internal long Started { get; init; }
    }

    private void StartJoining(ImmutableList<Address> seeds)
    {
        if (IsMember)
        {
            _cluster.LogInfo($"Trying to join seed nodes [{string.Join(", ", seeds.Select(s => s.ToString()))}] when already part of a cluster, ignoring");
            return;
        }
        if (seeds.IsEmpty) return;
        _joinStarted ??= _cluster.Time.GetTimestamp();
        _joining = new JoinProcess { Seeds = seeds, Remaining = seeds.Remove(_cluster.SelfAddress), Started = _cluster.Time.GetTimestamp() };
        if (_joining.Remaining.IsEmpty) StartJoining(_cluster.SelfAddress);
        else AskSeeds();
    }

    private bool IsFirstSeed => !_joining.Seeds.IsEmpty && _joining.Seeds[0] == _cluster.SelfAddress;

    private void AskSeeds()
    {
        foreach (var seed in _joining.Remaining) DaemonAt(seed).Tell(new InitJoin(), Self);
        var interval = IsFirstSeed && FirstSeedInterval < Settings.SeedNodeTimeout ? FirstSeedInterval : Settings.SeedNodeTimeout;
        Timers.StartSingleTimer(Tick.Join, Tick.Join, interval);
    }

    private void SeedAnswered(Address from)
    {
        if (!IsMember && _joining.With is null && !_joining.Seeds.IsEmpty) StartJoining(from);
    }

    private void SeedRefused(Address from)
    {
        if (IsMember || _joining.With is not null || !IsFirstSeed) return;
        _joining = _joining with { Remaining = _joining.Remaining.Remove(from) };
        // None of the others is in a cluster: the first of the list starts one.
        if (_joining.Remaining.IsEmpty) StartJoining(_cluster.SelfAddress);
    }

    private void ContinueJoining()
    {
        if (IsMember) return;
        if (Settings.ShutdownAfterUnsuccessfulJoin is { } limit && _joinStarted is { } started && _cluster.Time.GetElapsedTime(started) > limit)
        {
            _cluster.LogWarning($"Joining of seed-nodes [{string.Join(", ", _joining.Seeds.Select(s => s.ToString()))}] was unsuccessful after {limit.TotalSeconds} s. Running CoordinatedShutdown.");
            _ = CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ClusterJoinUnsuccessfulReason.Instance);
        }
        else if (_joining.With is not null)
        {
            if (!_joining.Seeds.IsEmpty) StartJoining(_joining.Seeds);
            else StartJoining(_joining.With);
        }
        else if (IsFirstSeed && _cluster.Time.GetElapsedTime(_joining.Started) >= Settings.SeedNodeTimeout)
        {
            StartJoining(_cluster.SelfAddress);
        }
        else
        {
            AskSeeds();
        }
    }

    private void StartJoining(Address address)
    {
        if (IsMember)
        {
            _cluster.LogInfo($"Trying to join [{address}] when already part of a cluster, ignoring");
            return;
        }
        if (address.Protocol != _cluster.SelfAddress.Protocol || address.System != _cluster.SelfAddress.System)
        {
            _cluster.LogWarning($"Trying to join member with wrong protocol or ActorSystem name, but was ignored, expected [{_cluster.SelfAddress.Protocol}://{_cluster.SelfAddress.System}] but was [{address}]");
            return;
        }
        _joining = _joining with { With = address };
        if (address == _cluster.SelfAddress)
        {
            ReceiveJoin(new Join(SelfNode, Settings.Roles));
            return;
        }
        DaemonAt(address).Tell(new Join(SelfNode, Settings.Roles), Self);
        if (Settings.RetryUnsuccessfulJoinAfter is { } retry) Timers.StartSingleTimer(Tick.Join, Tick.Join, retry);
    }

    private void AnswerInitJoin()
    {
        if (!IsMember || SelfMember.Status is MemberStatus.Down or MemberStatus.Exiting) Sender.Tell(new InitJoinNack(_cluster.SelfAddress));
        else Sender.Tell(new InitJoinAck(_cluster.SelfAddress));
    }

    private void ReceiveJoin(Join join)
    {
        var self = join.Node == SelfNode;
        if (!self && (!IsMember || SelfMember.Status is MemberStatus.Down or MemberStatus.Exiting))
        {
            if (IsMember) _cluster.LogInfo($"Trying to join [{join.Node}] to [{SelfMember.Status}] member, ignoring. Use a member that is Up instead.");
            return;
        }
        if (join.Node.Address.System != _cluster.SelfAddress.System)
        {
            _cluster.LogWarning($"Member with wrong ActorSystem name tried to join, but was ignored, expected [{_cluster.SelfAddress.System}] but was [{join.Node.Address.System}]");
            return;
        }
        if (Known.Has(join.Node))
        {
            // It asks again, perhaps since the welcome was lost.
            if (!self) Sender.Tell(new Welcome(SelfNode, Known));
            return;
        }
        if (Known.Removed.ContainsKey(join.Node))
        {
            _cluster.LogInfo($"[{join.Node}] was removed from this cluster and cannot join again with the same identity, ignoring.");
            return;
        }
        if (Known.Members.Values.FirstOrDefault(m => m.Address == join.Node.Address) is { } before)
        {
            _cluster.LogInfo($"New incarnation of existing member [{join.Node}] is trying to join. Existing will be removed from the cluster and then new member will be allowed to join.");
            if (before.Status == MemberStatus.Down) return;
            Update(Known with { Reachability = Known.Reachability.With(SelfNode, Known.Reachability.Of(SelfNode).Lose(before.UniqueAddress, dead: true)) });
            Down(before.Address);
            return;
        }
        ForgetHeartbeats(join.Node.Address);
        _cluster.LogInfo(self
            ? $"Node [{join.Node.Address}] is JOINING itself (with roles [{string.Join(", ", join.Roles)}]) and forming a new cluster"
            : $"Node [{join.Node.Address}] is JOINING, roles [{string.Join(", ", join.Roles)}]");
        Update(Known.With(new Member(join.Node, int.MaxValue, MemberStatus.Joining, join.Roles)));
        if (self) LeaderActions();
        else Sender.Tell(new Welcome(SelfNode, Known));
    }

    private void ReceiveWelcome(Welcome welcome)
    {
        if (IsMember || _joining.With != welcome.From.Address || !welcome.Gossip.Has(SelfNode)) return;
        _cluster.LogInfo($"Welcome from [{welcome.From.Address}]");
        Timers.Cancel(Tick.Join);
        Publish(new MembershipView(welcome.Gossip.SeenBy(SelfNode), SelfNode));
        GossipTo(welcome.From);
    }
}
