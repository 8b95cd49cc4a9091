using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster;

/// <summary>What the leader does, and how a node goes.</summary>
internal sealed partial class ClusterDaemon
{
    /// <summary>Nodes told directly before a node that ends falls silent.</summary>
    private const int GossipsBeforeShutdown = 5;

    /// <summary>Turns a downed node waits for the news of it to spread.</summary>
    private const int TicksBeforeShutdown = 4;

    private ImmutableHashSet<UniqueAddress> _exitingConfirmed = [];
    private long _leaderSince;
    private int _ticksDown;
    private bool _completed;

    private void LeaderActions()
    {
        if (!IsMember) return;
        if (_view.Leader == SelfNode)
        {
            if (_view.HasConverged(_exitingConfirmed))
            {
                _leaderSince = _cluster.Time.GetTimestamp();
                MoveMembers();
            }
            else
            {
                if (_leaderSince == 0) _leaderSince = _cluster.Time.GetTimestamp();
                if (Settings.WeaklyUpAfter is { } after && _cluster.Time.GetElapsedTime(_leaderSince) >= after) MoveJoiningToWeaklyUp();
            }
        }
        else
        {
            _leaderSince = 0;
        }
        _exitingConfirmed = _exitingConfirmed.Intersect(Known.Members.Keys);
        if (SelfMember?.Status == MemberStatus.Down) ShutdownSelfWhenDown();
    }

    private void MoveMembers()
    {
        var enough = Known.Members.Count >= Settings.MinNrOfMembers;
        var next = Known;
        var youngest = Known.Members.Values.Where(m => m.UpNumber != int.MaxValue).Select(m => m.UpNumber).DefaultIfEmpty(0).Max();
        foreach (var member in _view.Members)
        {
            switch (member.Status)
            {
                case MemberStatus.Joining or MemberStatus.WeaklyUp when enough:
                    next = next.With(member.Up(++youngest));
                    _cluster.LogInfo($"Leader is moving node [{member.Address}] to [Up]");
                    break;
                case MemberStatus.Leaving:
                    next = next.With(member.With(MemberStatus.Exiting));
                    _cluster.LogInfo($"Leader is moving node [{member.Address}] to [Exiting]");
                    break;
            }
        }
        UniqueAddress[] gone =
        [
            .. _view.Members
                .Where(m => (m.Status is MemberStatus.Down or MemberStatus.Exiting && _view.Unreachable.Contains(m.UniqueAddress))
                    || (m.Status == MemberStatus.Exiting && _exitingConfirmed.Contains(m.UniqueAddress)))
                .Select(m => m.UniqueAddress),
        ];
        foreach (var node in gone) _cluster.LogInfo($"Leader is removing node [{node.Address}]");
        if (gone.Length > 0) next = next.Without(gone, NowMilliseconds);
        if (ReferenceEquals(next, Known)) return;
        Update(next);
        // The news makes others move too, so it does not wait for the next turn.
        GossipToSome(GossipsBeforeShutdown);
    }

    private void MoveJoiningToWeaklyUp()
    {
        var next = Known;
        foreach (var member in _view.Members)
        {
            if (member.Status == MemberStatus.Joining && !_view.Unreachable.Contains(member.UniqueAddress) && Known.Members.Count >= Settings.MinNrOfMembers)
                next = next.With(member.With(MemberStatus.WeaklyUp));
        }
        if (!ReferenceEquals(next, Known)) Update(next);
    }

    /// <summary>The leader let this node go: the coordinated shutdown does what is left, and nobody removes us before it is done.</summary>
    private void BeginExiting()
    {
        if (_exiting || _completed) return;
        _exiting = true;
        _cluster.LogInfo("Exiting, starting coordinated shutdown.");
        _cluster.SelfExiting.TrySetResult();
        _ = CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
    }

    private void FinishExiting()
    {
        if (IsMember && !_completed)
        {
            _completed = true;
            _exiting = false;
            Publish(new MembershipView(Known.SeenBy(SelfNode), SelfNode));
            GossipToSome(GossipsBeforeShutdown);
            // Whoever leads next removes us when it hears this; a second one, should the first be gone.
            Member[] others = [.. _view.Members.Where(m => m.UniqueAddress != SelfNode)];
            var leader = _view.LeaderOf(others);
            var second = leader is null ? null : _view.LeaderOf(others.Where(m => m.UniqueAddress != leader));
            foreach (var node in new[] { leader, second })
                if (node is not null) DaemonAt(node.Address).Tell(new ExitingConfirmed(SelfNode), Self);
        }
        _cluster.LogInfo("Exiting completed.");
        Sender.Tell(Done.Instance);
        _cluster.Shutdown();
    }

    /// <summary>Ends this node once the other downed nodes know, or after a few turns.</summary>
    private void ShutdownSelfWhenDown()
    {
        var others = Known.Members.Values.Where(m => m.Status == MemberStatus.Down).Select(m => m.UniqueAddress);
        if (_ticksDown++ < TicksBeforeShutdown && !others.All(n => _view.Unreachable.Contains(n) || Known.Seen.Contains(n))) return;
        _cluster.LogInfo("Node has been marked as DOWN. Shutting down myself");
        GossipToSome(GossipsBeforeShutdown);
        _cluster.Shutdown();
    }
}
