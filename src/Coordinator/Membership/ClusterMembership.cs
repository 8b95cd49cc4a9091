using Akka.Actor;
using Akka.Cluster;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>
/// Membership by Akka.Cluster. No member downs another by itself (a coordinator that is away must not cost its workers their
/// cluster); the coordinator removes those that it cannot reach.
/// </summary>
internal sealed class ClusterMembership(ActorSystem system, TimeProvider time) : IMembership
{
    private readonly Cluster cluster = Cluster.Get(system);
    private readonly Dictionary<Address, DateTimeOffset> unreachableSince = [];

    public void Subscribe(IActorRef subscriber)
    {
        var relay = system.ActorOf(Props.Create(() => new Relay(subscriber)), "membership");
        cluster.Subscribe(relay, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.IReachabilityEvent), typeof(ClusterEvent.MemberRemoved));
    }

    public void DownUnreachable(TimeSpan after)
    {
        var now = time.GetUtcNow();
        var unreachable = cluster.State.Unreachable.Select(m => m.Address).ToHashSet();
        foreach (var back in unreachableSince.Keys.Where(a => !unreachable.Contains(a)).ToArray()) unreachableSince.Remove(back);
        foreach (var address in unreachable)
        {
            if (unreachableSince.TryAdd(address, now) || unreachableSince[address] + after > now) continue;
            cluster.Down(address);
        }
    }

    /// <summary>Gives the coordinator's actor what it wants to know.</summary>
    private sealed class Relay : ReceiveActor
    {
        public Relay(IActorRef subscriber)
        {
            Receive<ClusterEvent.UnreachableMember>(e => subscriber.Tell(new MemberReachability(e.Member.Address, false)));
            Receive<ClusterEvent.MemberRemoved>(e => subscriber.Tell(new MemberLost(e.Member.Address, "it left the cluster")));
            Receive<ClusterEvent.ReachableMember>(e => subscriber.Tell(new MemberReachability(e.Member.Address, true)));
        }
    }
}
