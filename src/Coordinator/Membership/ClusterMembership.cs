using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using TrainingCluster.Coordinator.Control;

namespace TrainingCluster.Coordinator.Membership;

/// <summary>
/// Membership by Akka.Cluster. No member downs another by itself (a coordinator that is away must not cost its workers their
/// cluster); the coordinator removes those that it cannot reach, and is told at once of those whose process is gone.
/// </summary>
internal sealed class ClusterMembership(ActorSystem system, CoordinatorSettings settings, TimeProvider time) : IMembership
{
    private readonly Cluster _cluster = Cluster.Get(system);
    private readonly UnreachableMembers _unreachable = new(Cluster.Get(system).SelfAddress);

    public void Subscribe(IActorRef subscriber)
    {
        var relay = system.ActorOf(Props.Create(() => new Relay(subscriber, _cluster, settings, time)), "membership");
        _cluster.Subscribe(
            relay,
            ClusterEvent.InitialStateAsEvents,
            typeof(ClusterEvent.IReachabilityEvent),
            typeof(ClusterEvent.MemberRemoved)
        );
        system.EventStream.Subscribe(relay, typeof(DisassociatedEvent));
        system.EventStream.Subscribe(relay, typeof(AssociationErrorEvent));
    }

    public void DownUnreachable(TimeSpan after, IReadOnlySet<Address> alive)
    {
        foreach (var address in _unreachable.Due(_cluster.State.Unreachable.Select(m => m.Address), alive, after, time.GetUtcNow()))
        {
            _cluster.Down(address);
        }
    }

    /// <summary>Gives the coordinator's actor what it wants to know.</summary>
    private sealed class Relay : ReceiveActor
    {
        private readonly HashSet<Address> _asked = [];

        public Relay(IActorRef subscriber, Cluster cluster, CoordinatorSettings settings, TimeProvider time)
        {
            Receive<ClusterEvent.UnreachableMember>(e => subscriber.Tell(new MemberReachability(e.Member.Address, false)));
            Receive<ClusterEvent.MemberRemoved>(e => subscriber.Tell(new MemberLost(e.Member.Address, "it left the cluster")));
            Receive<ClusterEvent.ReachableMember>(e => subscriber.Tell(new MemberReachability(e.Member.Address, true)));
            // The failure detector takes seconds to believe what a broken connection says at once. But a connection may break for
            // other reasons, so its machine is asked: a member's only, since anybody may call himself anything, and once at a time.
            Receive<AssociationEvent>(e =>
            {
                if (
                    e.RemoteAddress is not { Host: { } host, Port: { } port } address
                    || !cluster.State.Members.Any(m => m.Address.Equals(address))
                    || !_asked.Add(address)
                )
                {
                    return;
                }
                PortProbe
                    .IsRefusedAsync(host, port, settings.ProbeTimeout, settings.ProbePause, time)
                    .PipeTo(Self, success: refused => new Probed(address, refused));
            });
            // It is not downed for that: a new process at the same address is let in at once in the place of a member that is up,
            // but has to wait for the failure detector where that member is down.
            Receive<Probed>(p =>
            {
                _asked.Remove(p.Address);
                if (p.Refused)
                {
                    subscriber.Tell(new MemberLost(p.Address, "its process is gone"));
                }
            });
        }
    }

    private sealed record Probed(Address Address, bool Refused);
}
