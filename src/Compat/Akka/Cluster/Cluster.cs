using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>A node did not get into the cluster.</summary>
public class ClusterJoinFailedException : AkkaException
{
    public ClusterJoinFailedException(string message) : base(message) { }
}

/// <summary>This system's part in a cluster.</summary>
public class Cluster : IExtension
{
    private readonly ActorSystemImpl _system;
    private readonly IActorRef _daemon;
    private readonly ILoggingAdapter _log;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile MembershipView _view;
    private volatile bool _terminated;
    private Task _leave;

    private Cluster(ActorSystemImpl system)
    {
        if (system.Remote is null) throw new ConfigurationException($"ActorSystem {system} needs to have 'akka.actor.provider' set to 'cluster' in the configuration.");
        _system = system;
        _log = Logging.GetLogger(system, "Cluster");
        Settings = new ClusterSettings(system.Settings.Config);
        SelfUniqueAddress = new UniqueAddress(system.Remote.LocalAddress, system.Uid);
        _view = new MembershipView(Gossip.Empty, SelfUniqueAddress);
        _daemon = system.SystemActorOf(Props.Create(() => new ClusterDaemon(this, system)), ClusterDaemon.Name);
        if (Settings.Downing is { } downing) system.SystemActorOf(Props.Create(() => new SplitBrainResolverActor(this, downing)), "cluster-downing");
        AddShutdownTasks();
    }

    public Actor.Address SelfAddress => SelfUniqueAddress.Address;
    public UniqueAddress SelfUniqueAddress { get; }
    public ImmutableHashSet<string> SelfRoles => Settings.Roles;
    public ExtendedActorSystem System => _system;

    /// <summary>The node's own entry; its status is Removed before it has joined.</summary>
    public Member SelfMember => _view.Gossip.Find(SelfUniqueAddress) ?? new Member(SelfUniqueAddress, int.MaxValue, MemberStatus.Removed, SelfRoles);

    /// <summary>The cluster as this node sees it now.</summary>
    public ClusterEvent.CurrentClusterState State => _view.ToState();

    public bool IsTerminated => _terminated;

    public bool IsUp => SelfMember.Status is MemberStatus.Up or MemberStatus.WeaklyUp;

    internal ClusterSettings Settings { get; }
    internal TimeProvider Time => _system.Time;
    internal MembershipView View => _view;
    internal TaskCompletionSource SelfLeaving { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    internal TaskCompletionSource SelfExiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static Cluster Get(ActorSystem system) => ((ActorSystemImpl)system).Extension(s => new Cluster(s));

    /// <summary>Joins the cluster of the node at <paramref name="address"/>; one's own address starts a cluster.</summary>
    public void Join(Address address) => _daemon.Tell(new ClusterCommand.JoinTo(FillLocal(address)));

    /// <summary>As <see cref="Join"/>; ends when this node is up.</summary>
    public Task JoinAsync(Address address, CancellationToken token = default) =>
        JoinAsync(() => Join(address), $"address: {address}", token);

    /// <summary>Joins through whichever of these answers first. The first of the list alone may start a cluster, when it is this node and no other answers within <c>akka.cluster.seed-node-timeout</c>.</summary>
    public void JoinSeedNodes(IEnumerable<Address> seedNodes) => _daemon.Tell(new ClusterCommand.JoinSeedNodes([.. seedNodes.Select(FillLocal)]));

    /// <summary>As <see cref="JoinSeedNodes"/>; ends when this node is up.</summary>
    public Task JoinSeedNodesAsync(IEnumerable<Address> seedNodes, CancellationToken token = default)
    {
        Address[] nodes = [.. seedNodes];
        return JoinAsync(() => JoinSeedNodes(nodes), $"addresses: [{string.Join(",", nodes.Select(n => n.ToString()))}]", token);
    }

    private Task JoinAsync(Action join, string what, CancellationToken token)
    {
        if (_terminated) throw new ClusterJoinFailedException("Cluster has already been terminated");
        if (IsUp) return Task.CompletedTask;
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        token.Register(() => joined.TrySetException(new ClusterJoinFailedException($"Node has not managed to join the cluster using provided {what}")));
        RegisterOnMemberUp(() => joined.TrySetResult());
        join();
        return joined.Task;
    }

    /// <summary>Makes a member leave in order; when it is this node, its system ends then.</summary>
    public void Leave(Address address)
    {
        if (FillLocal(address) == SelfAddress) _ = LeaveAsync();
        else _daemon.Tell(new ClusterCommand.Leave(FillLocal(address)));
    }

    /// <summary>Leaves; ends when this node is removed.</summary>
    public Task LeaveAsync()
    {
        var removed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _leave, removed.Task, null) is { } earlier) return earlier;
        RegisterOnMemberRemoved(() => removed.TrySetResult());
        _daemon.Tell(new ClusterCommand.Leave(SelfAddress));
        return removed.Task;
    }

    public Task LeaveAsync(CancellationToken cancellationToken) => LeaveAsync().WaitAsync(cancellationToken);

    /// <summary>Declares a member dead. It is removed once the others agree; if it still lives, its system ends.</summary>
    public void Down(Address address) => _daemon.Tell(new ClusterCommand.Down(FillLocal(address)));

    /// <summary>Sends the present state and then every event of these types to <paramref name="subscriber"/>.</summary>
    public void Subscribe(IActorRef subscriber, params Type[] to) => Subscribe(subscriber, ClusterEvent.InitialStateAsSnapshot, to);

    /// <inheritdoc cref="Subscribe(IActorRef, Type[])"/>
    public void Subscribe(IActorRef subscriber, ClusterEvent.SubscriptionInitialStateMode initialStateMode, params Type[] to)
    {
        if (to.Length == 0) throw new ArgumentException("At least one `IClusterDomainEvent` class is required", nameof(to));
        if (!to.All(typeof(ClusterEvent.IClusterDomainEvent).IsAssignableFrom))
            throw new ArgumentException($"Subscribe to `IClusterDomainEvent` or subclasses, was [{string.Join(", ", to.Select(t => t.Name))}]", nameof(to));
        _daemon.Tell(new ClusterCommand.Subscribe(subscriber, initialStateMode, [.. to]));
    }

    public void Unsubscribe(IActorRef subscriber) => Unsubscribe(subscriber, null);

    public void Unsubscribe(IActorRef subscriber, Type to) => _daemon.Tell(new ClusterCommand.Unsubscribe(subscriber, to));

    public void SendCurrentClusterState(IActorRef receiver) => _daemon.Tell(new ClusterCommand.SendState(receiver));

    /// <summary>Calls back once this node is up, or at once if it is.</summary>
    public void RegisterOnMemberUp(Action callback)
    {
        if (IsUp) callback();
        else _daemon.Tell(new ClusterCommand.OnStatus(MemberStatus.Up, callback));
    }

    /// <summary>Calls back once this node is out of the cluster, or at once if that has ended.</summary>
    public void RegisterOnMemberRemoved(Action callback)
    {
        if (_terminated) callback();
        else _daemon.Tell(new ClusterCommand.OnStatus(MemberStatus.Removed, callback));
    }

    /// <summary>The path by which other nodes reach an actor of this one.</summary>
    public ActorPath RemotePathOf(IActorRef actorRef)
    {
        var path = actorRef.Path;
        return path.Address.HasGlobalScope ? path : (new RootActorPath(SelfAddress) / path.Elements).WithUid(path.Uid);
    }

    internal void Publish(MembershipView after)
    {
        var before = _view;
        _view = after;
        foreach (var change in MembershipView.Changes(before, after))
        {
            if (change is ClusterEvent.MemberRemoved removed && removed.Member.UniqueAddress != SelfUniqueAddress)
                _system.Remote.AddressTerminated(removed.Member.Address, removed.Member.UniqueAddress.Uid, removed.PreviousStatus == MemberStatus.Down);
            _system.EventStream.Publish(change);
        }
    }

    internal void LogInfo(string message)
    {
        if (Settings.LogInfo) _log.Info($"Cluster Node [{SelfAddress}] - {message}");
    }

    internal void LogWarning(string message) => _log.Warning($"Cluster Node [{SelfAddress}] - {message}");

    /// <summary>Ends this node's part; the others are not asked.</summary>
    internal void Shutdown()
    {
        if (_terminated) return;
        _terminated = true;
        _system.Stop(_daemon);
    }

    /// <summary>Called by the daemon as it ends.</summary>
    internal void Stopped()
    {
        _terminated = true;
        SelfLeaving.TrySetResult();
        SelfExiting.TrySetResult();
        _stopped.TrySetResult();
    }

    private Address FillLocal(Address address) => address.HasLocalScope && address.System == SelfAddress.System ? SelfAddress : address;

    private void AddShutdownTasks()
    {
        var shutdown = CoordinatedShutdown.Get(_system);
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterLeave, "leave", async () =>
        {
            if (_terminated || SelfMember.Status is MemberStatus.Removed or MemberStatus.Down) return Done.Instance;
            _daemon.Tell(new ClusterCommand.Leave(SelfAddress));
            await SelfLeaving.Task.ConfigureAwait(false);
            return Done.Instance;
        });
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterExiting, "wait-exiting", async () =>
        {
            if (!_terminated && SelfMember.Status is not (MemberStatus.Removed or MemberStatus.Down)) await SelfExiting.Task.ConfigureAwait(false);
            return Done.Instance;
        });
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterExitingDone, "exiting-completed", async () =>
        {
            if (!_terminated && SelfMember.Status != MemberStatus.Down)
                await _daemon.Ask<Done>(new ClusterCommand.ExitingCompleted(), shutdown.Timeout(CoordinatedShutdown.PhaseClusterExitingDone)).ConfigureAwait(false);
            return Done.Instance;
        });
        shutdown.AddTask(CoordinatedShutdown.PhaseClusterShutdown, "wait-shutdown", async () =>
        {
            Shutdown();
            await _stopped.Task.ConfigureAwait(false);
            return Done.Instance;
        });
    }
}
