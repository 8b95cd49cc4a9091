using Akka.Actor;

namespace Akka.Cluster;

/// <summary>Holds a node's gossip and does all that follows from it: joining, telling others, leading, watching the others' heartbeats.</summary>
internal sealed partial class ClusterDaemon : UntypedActor, IWithTimers
{
    internal const string Name = "cluster";

    private enum Tick
    {
        Gossip,
        GossipSoon,
        Leader,
        Reap,
        Heartbeat,
        Join,
    }

    private readonly Cluster _cluster;
    private readonly ActorSystemImpl _system;
    private readonly List<(MemberStatus Status, Action Callback)> _callbacks = [];
    private MembershipView _view;
    private bool _exiting;

    public ClusterDaemon(Cluster cluster, ActorSystemImpl system)
    {
        (_cluster, _system) = (cluster, system);
        _view = cluster.View;
        _joining = new JoinProcess();
    }

    public ITimerScheduler Timers { get; set; }

    private UniqueAddress SelfNode => _cluster.SelfUniqueAddress;

    private ClusterSettings Settings => _cluster.Settings;

    private Gossip Known => _view.Gossip;

    private Member SelfMember => Known.Find(SelfNode);

    private bool IsMember => !Known.Members.IsEmpty;

    private long NowMilliseconds => _cluster.Time.GetUtcNow().ToUnixTimeMilliseconds();

    protected override void PreStart()
    {
        Every(Tick.Gossip, Settings.GossipInterval);
        Every(Tick.Leader, Settings.LeaderActionsInterval);
        Every(Tick.Reap, Settings.UnreachableReaperInterval);
        Every(Tick.Heartbeat, Settings.FailureDetector.HeartbeatInterval);
        if (Settings.SeedNodes.IsEmpty) _cluster.LogInfo("No seed-nodes configured, manual cluster join required");
        else Self.Tell(new ClusterCommand.JoinSeedNodes(Settings.SeedNodes));
    }

    private void Every(Tick tick, TimeSpan interval) =>
        Timers.StartPeriodicTimer(tick, tick, interval > Settings.PeriodicTasksInitialDelay ? interval : Settings.PeriodicTasksInitialDelay, interval);

    protected override void PostStop()
    {
        _system.EventStream.Publish(ClusterEvent.ClusterShuttingDown.Instance);
        // What everyone here knew is gone for those who listen here.
        Publish(new MembershipView(Gossip.Empty, SelfNode));
        foreach (var (status, callback) in _callbacks)
            if (status == MemberStatus.Removed) callback();
        _cluster.Stopped();
        if (Settings.RunCoordinatedShutdownWhenDown) _ = CoordinatedShutdown.Get(_system).Run(CoordinatedShutdown.ClusterDowningReason.Instance);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Heartbeat: Sender.Tell(new HeartbeatRsp(SelfNode)); break;
            case HeartbeatRsp response: ReceiveHeartbeat(response.From); break;
            case FirstHeartbeatDue due: ExpectFirstHeartbeat(due.Node); break;
            case GossipEnvelope envelope: ReceiveGossip(envelope); break;
            case Tick tick: OnTick(tick); break;
            case InitJoin: AnswerInitJoin(); break;
            case InitJoinAck ack: SeedAnswered(ack.From); break;
            case InitJoinNack nack: SeedRefused(nack.From); break;
            case Join join: ReceiveJoin(join); break;
            case Welcome welcome: ReceiveWelcome(welcome); break;
            case ExitingConfirmed confirmed: _exitingConfirmed = _exitingConfirmed.Add(confirmed.Node); break;
            case ClusterCommand command: Obey(command); break;
            default: Unhandled(message); break;
        }
    }

    private void OnTick(Tick tick)
    {
        switch (tick)
        {
            case Tick.Gossip: GossipNow(); break;
            case Tick.GossipSoon: SendGossip(); break;
            case Tick.Leader: LeaderActions(); break;
            case Tick.Reap: ReapUnreachable(); break;
            case Tick.Heartbeat: SendHeartbeats(); break;
            case Tick.Join: ContinueJoining(); break;
        }
    }

    private void Obey(ClusterCommand command)
    {
        switch (command)
        {
            case ClusterCommand.JoinTo join: StartJoining(join.Address); break;
            case ClusterCommand.JoinSeedNodes join: StartJoining(join.SeedNodes); break;
            case ClusterCommand.Leave leave: Leave(leave.Address); break;
            case ClusterCommand.Down down: Down(down.Address); break;
            case ClusterCommand.Subscribe subscribe: Subscribe(subscribe); break;
            case ClusterCommand.Unsubscribe { To: null } unsubscribe: _system.EventStream.Unsubscribe(unsubscribe.Subscriber); break;
            case ClusterCommand.Unsubscribe unsubscribe: _system.EventStream.Unsubscribe(unsubscribe.Subscriber, unsubscribe.To); break;
            case ClusterCommand.SendState send: send.Receiver.Tell(_view.ToState()); break;
            case ClusterCommand.OnStatus on: AddCallback(on); break;
            case ClusterCommand.ExitingCompleted: FinishExiting(); break;
        }
    }

    private void Subscribe(ClusterCommand.Subscribe subscribe)
    {
        if (subscribe.Mode == ClusterEvent.SubscriptionInitialStateMode.InitialStateAsSnapshot)
        {
            subscribe.Subscriber.Tell(_view.ToState());
        }
        else
        {
            foreach (var change in MembershipView.Changes(new MembershipView(Gossip.Empty, SelfNode), _view))
                if (subscribe.To.Any(t => t.IsInstanceOfType(change))) subscribe.Subscriber.Tell(change);
        }
        foreach (var type in subscribe.To) _system.EventStream.Subscribe(subscribe.Subscriber, type);
    }

    private void AddCallback(ClusterCommand.OnStatus on)
    {
        _callbacks.Add((on.Status, on.Callback));
        RunCallbacks();
    }

    private void RunCallbacks()
    {
        if (SelfMember?.Status is not (MemberStatus.Up or MemberStatus.WeaklyUp)) return;
        foreach (var entry in _callbacks.Where(c => c.Status == MemberStatus.Up).ToArray())
        {
            _callbacks.Remove(entry);
            entry.Callback();
        }
    }

    private InternalActorRef DaemonAt(Address address) => _system.Remote.RefTo(new RootActorPath(address) / "system" / Name);

    /// <summary>Takes a state that this node made itself: nobody else has seen it yet.</summary>
    private void Update(Gossip changed)
    {
        if (changed.Same(Known)) return;
        Publish(new MembershipView(changed with { Seen = _exiting ? [] : [SelfNode] }, SelfNode));
    }

    private void Publish(MembershipView view)
    {
        _view = view;
        _cluster.Publish(view);
        UpdateHeartbeatReceivers();
        RunCallbacks();
        var status = SelfMember?.Status;
        if (status is MemberStatus.Leaving or MemberStatus.Exiting or MemberStatus.Down) _cluster.SelfLeaving.TrySetResult();
        if (status is MemberStatus.Down) _cluster.SelfExiting.TrySetResult();
        if (status is MemberStatus.Exiting) BeginExiting();
    }
}
