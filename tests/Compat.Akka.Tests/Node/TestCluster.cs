using Akka.Actor;
using Akka.Cluster;
using Google.Protobuf.WellKnownTypes;

namespace TrainingCluster.Compat.Akka.Tests.Node;

/// <summary>A node in this process with a probe that hears all that happens in the cluster, and nodes in processes of their own.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly List<NodeProcess> _nodes = [];

    public TestCluster(params string[] seeds) : this("probe", seeds) { }

    public TestCluster(string role, string[] seeds)
    {
        System = ActorSystem.Create(ClusterNode.SystemName, ClusterNode.Settings(0, role, seeds));
        Events = new Probe(System);
        Cluster.Subscribe(Events.Ref, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        if (seeds.Length == 0) Cluster.Join(Cluster.SelfAddress);
    }

    public ActorSystem System { get; }
    public Probe Events { get; }
    public global::Akka.Cluster.Cluster Cluster => global::Akka.Cluster.Cluster.Get(System);

    /// <summary>Starts a node and waits until it is up.</summary>
    public async Task<NodeProcess> AddNode(int port = 0, string role = "worker")
    {
        var node = Adopt(await NodeProcess.Start(port, role, Cluster.SelfAddress.ToString()));
        await Events.Fish<ClusterEvent.MemberUp>(e => e.Member.Address == node.Address);
        await node.Up.WaitAsync(Probe.Patience);
        return node;
    }

    /// <summary>Ends a node that the test started with the cluster.</summary>
    public NodeProcess Adopt(NodeProcess node)
    {
        _nodes.Add(node);
        return node;
    }

    public Task<IActorRef> Echo(NodeProcess node) => System.ActorSelection($"{node.Address}/user/echo").ResolveOne(Probe.Patience);

    public static StringValue Text(string text) => new() { Value = text };

    public async ValueTask DisposeAsync()
    {
        // Before the other processes are killed: leaving needs their consent, or else the phase's time limit.
        await System.Terminate();
        foreach (var node in _nodes) await node.DisposeAsync();
    }
}
