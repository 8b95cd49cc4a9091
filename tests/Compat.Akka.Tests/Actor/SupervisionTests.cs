using Akka.Actor;
using Akka.Event;

namespace TrainingCluster.Compat.Akka.Tests.Actor;

public sealed class SupervisionTests : LocalSystem
{
    private sealed record Life(string What, int Instance);

    private sealed class Fragile : ReceiveActor
    {
        private static int s_instances;
        private readonly int _instance = Interlocked.Increment(ref s_instances);
        private readonly IActorRef _probe;
        private int _state;

        public Fragile(IActorRef probe)
        {
            _probe = probe;
            Receive<Exception>(e => throw e);
            Receive<int>(n => _state += n);
            Receive<string>(_ => Sender.Tell(_state));
            ReceiveAsync<Task>(async t => await t);
        }

        protected override void PreStart() => _probe.Tell(new Life("start", _instance));

        protected override void PostStop() => _probe.Tell(new Life("stop", _instance));

        protected override void PreRestart(Exception reason, object message)
        {
            _probe.Tell(new Life(message is null or Exception or Task ? "prerestart" : $"prerestart after {message}", _instance));
            base.PreRestart(reason, message);
        }
    }

    private sealed class Parent : ReceiveActor
    {
        private readonly SupervisorStrategy _strategy;

        public Parent(SupervisorStrategy strategy)
        {
            _strategy = strategy;
            Receive<(Props Props, string Name)>(child => Sender.Tell(Context.ActorOf(child.Props, child.Name)));
        }

        protected override SupervisorStrategy SupervisorStrategy() => _strategy;
    }

    private static Directive Decide(Exception cause) => cause switch
    {
        ArithmeticException => Directive.Resume,
        InvalidOperationException => Directive.Restart,
        NotSupportedException => Directive.Escalate,
        _ => Directive.Stop,
    };

    private async Task<(IActorRef Parent, IActorRef Child, Probe Probe)> Family(SupervisorStrategy strategy)
    {
        var probe = NewProbe();
        var parent = System.ActorOf(Props.Create(() => new Parent(strategy)));
        var child = await parent.Ask<IActorRef>((Props.Create(() => new Fragile(probe.Ref)), "child"), Patience);
        Assert.Equal("start", (await probe.Expect<Life>()).What);
        child.Tell(5);
        return (parent, child, probe);
    }

    [Fact]
    public async Task Failure_Resume_StateIsKept()
    {
        var (_, child, _) = await Family(new OneForOneStrategy(Decide));
        child.Tell(new ArithmeticException());
        Assert.Equal(5, await child.Ask<int>("get", Patience));
    }

    [Fact]
    public async Task Failure_Restart_FreshInstanceUnderTheSameReferenceAndWaitingMessagesAreKept()
    {
        var (_, child, probe) = await Family(new OneForOneStrategy(Decide));
        child.Tell(new InvalidOperationException());
        child.Tell(3);
        Assert.Equal(3, await child.Ask<int>("get", Patience));
        var before = await probe.Expect<Life>();
        Assert.Equal("prerestart", before.What);
        Assert.Equal(new Life("stop", before.Instance), await probe.Expect<Life>());
        Assert.Equal(new Life("start", before.Instance + 1), await probe.Expect<Life>());
    }

    [Fact]
    public async Task Failure_InAsyncHandlerAfterAwait_ParentDecides()
    {
        var (_, child, probe) = await Family(new OneForOneStrategy(Decide));
        var gate = new TaskCompletionSource();
        child.Tell(gate.Task);
        gate.SetException(new InvalidOperationException());
        Assert.Equal("prerestart", (await probe.Expect<Life>()).What);
        Assert.Equal(0, await child.Ask<int>("get", Patience));
    }

    [Fact]
    public async Task Failure_Stop_ChildEndsAndWatcherIsTold()
    {
        var (_, child, probe) = await Family(new OneForOneStrategy(Decide));
        await probe.Watch(child);
        child.Tell(new FormatException());
        Assert.Equal("stop", (await probe.Expect<Life>()).What);
        var terminated = await probe.Expect<Terminated>();
        Assert.Equal(child, terminated.ActorRef);
        Assert.True(terminated.ExistenceConfirmed);
        Assert.False(terminated.AddressTerminated);
    }

    [Fact]
    public async Task Failure_Escalate_ParentIsRestartedAndStopsItsChildren()
    {
        var (_, child, probe) = await Family(new OneForOneStrategy(Decide));
        await probe.Watch(child);
        child.Tell(new NotSupportedException());
        Assert.Equal(child, (await probe.Fish<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task Failure_MoreRestartsThanAllowed_ChildIsStopped()
    {
        var (_, child, probe) = await Family(new OneForOneStrategy(2, TimeSpan.FromMinutes(1), _ => Directive.Restart));
        await probe.Watch(child);
        for (var i = 0; i < 3; i++) child.Tell(new InvalidOperationException());
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal("prerestart", (await probe.Expect<Life>()).What);
            Assert.Equal("stop", (await probe.Expect<Life>()).What);
            Assert.Equal("start", (await probe.Expect<Life>()).What);
        }
        Assert.Equal("stop", (await probe.Expect<Life>()).What);
        await probe.Expect<Terminated>();
    }

    [Fact]
    public async Task Failure_AllForOne_SiblingsAreRestartedToo()
    {
        var (parent, child, probe) = await Family(new AllForOneStrategy(Decide));
        var sibling = await parent.Ask<IActorRef>((Props.Create(() => new Fragile(probe.Ref)), "sibling"), Patience);
        Assert.Equal("start", (await probe.Expect<Life>()).What);
        sibling.Tell(9);
        child.Tell(new InvalidOperationException());
        await probe.Fish<Life>(l => l.What == "start");
        await probe.Fish<Life>(l => l.What == "start");
        Assert.Equal(0, await sibling.Ask<int>("get", Patience));
    }

    [Fact]
    public async Task Failure_InConstructor_ActorIsStoppedByDefault()
    {
        var probe = NewProbe();
        var actor = System.ActorOf(Props.Create(() => new Fragile(null!)));
        await probe.Watch(actor);
        Assert.Equal(actor, (await probe.Expect<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task Failure_Restarted_IsLoggedAsError()
    {
        var probe = NewProbe();
        System.EventStream.Subscribe(probe.Ref, typeof(Error));
        var (_, child, _) = await Family(new OneForOneStrategy(Decide));
        child.Tell(new InvalidOperationException("broken pipe"));
        var error = await probe.Expect<Error>();
        Assert.Contains("broken pipe", error.ToString(), StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(error.Cause);
    }

    [Fact]
    public async Task Kill_DefaultStrategy_ActorIsStopped()
    {
        var probe = NewProbe();
        var actor = System.ActorOf(Props.Create(() => new Fragile(probe.Ref)));
        await probe.Expect<Life>();
        await probe.Watch(actor);
        actor.Tell(Kill.Instance);
        Assert.Equal("stop", (await probe.Expect<Life>()).What);
        await probe.Expect<Terminated>();
    }
}
