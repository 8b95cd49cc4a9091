using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>How members that stay unreachable are downed: the settings <c>akka.cluster.split-brain-resolver</c>.</summary>
internal sealed record DowningSettings(string Strategy, TimeSpan StableAfter, string Role, bool DownIfAlone)
{
    /// <summary>Null for no downing: an empty <c>downing-provider-class</c>, or <c>Akka.Cluster.NoDowning, Akka.Cluster</c>.</summary>
    internal static DowningSettings From(Config cluster)
    {
        var provider = (cluster.GetString("downing-provider-class") ?? "").Split(',')[0].Trim();
        switch (provider)
        {
            case "" or "Akka.Cluster.NoDowning":
                return null;
            case "Akka.Cluster.SBR.SplitBrainResolverProvider":
                var resolver = cluster.GetConfig("split-brain-resolver");
                var strategy = resolver.GetString("active-strategy");
                if (strategy is not ("keep-majority" or "keep-oldest" or "down-all"))
                    throw new ConfigurationException($"'akka.cluster.split-brain-resolver.active-strategy' is [{strategy}]; there are keep-majority, keep-oldest and down-all.");
                return new DowningSettings(
                    strategy,
                    resolver.GetTimeSpan("stable-after"),
                    resolver.GetString($"{strategy}.role", ""),
                    resolver.GetBoolean("keep-oldest.down-if-alone"));
            default:
                throw new ConfigurationException($"'akka.cluster.downing-provider-class' is [{provider}]; there are Akka.Cluster.SBR.SplitBrainResolverProvider and Akka.Cluster.NoDowning.");
        }
    }
}

/// <summary>Decides which side of a split goes on, from what one side knows.</summary>
internal static class DowningStrategy
{
    /// <summary>The nodes to down: those that cannot be reached, or all on this side.</summary>
    internal static (IReadOnlyList<UniqueAddress> Down, string Reason) Decide(DowningSettings settings, MembershipView view)
    {
        Member[] all = [.. view.Members.Where(m => m.Status is not (MemberStatus.Joining or MemberStatus.WeaklyUp or MemberStatus.Down))];
        bool IsLost(Member m) => view.Unreachable.Contains(m.UniqueAddress);
        Member[] counted = [.. all.Where(m => settings.Role.Length == 0 || m.HasRole(settings.Role))];
        var here = counted.Count(m => !IsLost(m));
        var there = counted.Length - here;
        var (goOn, reason) = settings.Strategy switch
        {
            _ when counted.Length == 0 => (false, "no member has the role"),
            "down-all" => (false, "down-all"),
            "keep-majority" when here == there => (!IsLost(counted[0]), $"{here} reachable of {counted.Length}; the side of the lowest address goes on"),
            "keep-majority" => (here > there, $"{here} reachable of {counted.Length}; the majority goes on"),
            _ => KeepOldest(settings, IsLost(counted.Order(Member.AgeOrdering).First()), here, there),
        };
        var down = view.Members.Where(m => m.Status != MemberStatus.Down && (goOn ? IsLost(m) : !IsLost(m) || settings.Strategy == "down-all"));
        return ([.. down.Select(m => m.UniqueAddress)], reason);
    }

    private static (bool GoOn, string Reason) KeepOldest(DowningSettings settings, bool oldestIsLost, int here, int there)
    {
        if (!oldestIsLost)
        {
            var alone = settings.DownIfAlone && here == 1 && there >= 2;
            return (!alone, alone ? "the oldest is alone" : "the oldest is here");
        }
        var leftAlone = settings.DownIfAlone && there == 1 && here >= 2;
        return (leftAlone, leftAlone ? "the oldest is alone there" : "the oldest is there");
    }
}

/// <summary>Downs members by the strategy once nothing has changed for a time; acts where the leader is.</summary>
internal sealed class SplitBrainResolverActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);
    private readonly Cluster _cluster;
    private readonly DowningSettings _settings;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private ImmutableSortedSet<UniqueAddress> _lost = [];
    private long _lastChange;

    public SplitBrainResolverActor(Cluster cluster, DowningSettings settings)
    {
        (_cluster, _settings) = (cluster, settings);
        Receive<ClusterEvent.CurrentClusterState>(_ => Changed());
        Receive<ClusterEvent.IMemberEvent>(_ => Changed());
        Receive<ClusterEvent.IReachabilityEvent>(_ => Changed());
        Receive<string>(_ => Decide());
    }

    public ITimerScheduler Timers { get; set; }

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        // A short stable-after is looked at more often.
        Timers.StartPeriodicTimer("tick", "tick", _settings.StableAfter < TickInterval ? _settings.StableAfter / 2 : TickInterval);
    }

    private void Changed()
    {
        _lastChange = _cluster.Time.GetTimestamp();
        _lost = _cluster.View.Unreachable;
    }

    private void Decide()
    {
        var view = _cluster.View;
        if (!view.Unreachable.SetEquals(_lost)) Changed();
        if (_lost.IsEmpty || view.Leader != _cluster.SelfUniqueAddress || _cluster.Time.GetElapsedTime(_lastChange) < _settings.StableAfter) return;
        var (down, reason) = DowningStrategy.Decide(_settings, view);
        if (down.Count == 0) return;
        _log.Warning($"SBR took decision {_settings.Strategy} ({reason}) and is downing [{string.Join(", ", down.Select(n => n.Address))}]");
        // Oneself last: it may end this node at once.
        foreach (var node in down.OrderBy(n => n == _cluster.SelfUniqueAddress)) _cluster.Down(node.Address);
        Changed();
    }
}
