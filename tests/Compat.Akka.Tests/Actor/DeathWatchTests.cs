using Akka.Actor;
using Akka.Event;

namespace TrainingCluster.Compat.Akka.Tests.Actor;

public sealed class DeathWatchTests : LocalSystem
{
    private sealed class Quiet : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(message);
    }

    private sealed class Watcher : ReceiveActor
    {
        public Watcher(IActorRef watched, IActorRef probe, object? message)
        {
            if (message is null) Context.Watch(watched);
            else Context.WatchWith(watched, message);
            Receive<string>(s => s == "unwatch", _ =>
            {
                Context.Unwatch(watched);
                Sender.Tell("done");
            });
            Receive<Terminated>(t => probe.Tell(t.ActorRef));
            Receive<int>(n => probe.Tell(n));
        }
    }

    [Fact]
    public async Task Watch_PoisonPillAfterOtherMessages_TheyAreHandledFirst()
    {
        var probe = NewProbe();
        var actor = System.ActorOf<Quiet>("quiet");
        await probe.Watch(actor);
        actor.Tell("one", probe.Ref);
        actor.Tell(PoisonPill.Instance, probe.Ref);
        actor.Tell("two", probe.Ref);
        Assert.Equal("one", await probe.Expect<string>());
        Assert.Equal(actor, (await probe.Expect<Terminated>()).ActorRef);
        Assert.False(probe.HasMessage);
    }

    [Fact]
    public async Task Watch_ActorThatHasEnded_TerminatedWithoutConfirmation()
    {
        var probe = NewProbe();
        var actor = System.ActorOf<Quiet>();
        await probe.Watch(actor);
        System.Stop(actor);
        await probe.Expect<Terminated>();
        await probe.Watch(actor);
        Assert.False((await probe.Expect<Terminated>()).ExistenceConfirmed);
    }

    [Fact]
    public async Task WatchWith_ActorEnds_OwnMessageIsDelivered()
    {
        var probe = NewProbe();
        var actor = System.ActorOf<Quiet>();
        var watcher = System.ActorOf(Props.Create(() => new Watcher(actor, probe.Ref, 42)));
        await watcher.Ask<ActorIdentity>(new Identify(1), Patience);
        System.Stop(actor);
        Assert.Equal(42, await probe.Expect<int>());
    }

    [Fact]
    public async Task Unwatch_ActorEnds_NothingIsDelivered()
    {
        var probe = NewProbe();
        var actor = System.ActorOf<Quiet>();
        var watcher = System.ActorOf(Props.Create(() => new Watcher(actor, probe.Ref, null)));
        await watcher.Ask<string>("unwatch", Patience);
        await probe.Watch(actor);
        System.Stop(actor);
        await probe.Expect<Terminated>();
        await watcher.Ask<ActorIdentity>(new Identify(1), Patience);
        Assert.False(probe.HasMessage);
    }

    private sealed class Careless : UntypedActor
    {
        public Careless(IActorRef watched) => Context.Watch(watched);

        protected override void OnReceive(object message) => Unhandled(message);
    }

    [Fact]
    public async Task Terminated_NotHandled_WatcherEndsToo()
    {
        var probe = NewProbe();
        var actor = System.ActorOf<Quiet>();
        var careless = System.ActorOf(Props.Create(() => new Careless(actor)));
        await probe.Watch(careless);
        System.Stop(actor);
        Assert.Equal(careless, (await probe.Expect<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task Tell_EndedActor_DeadLetterIsPublished()
    {
        var probe = NewProbe();
        System.EventStream.Subscribe(probe.Ref, typeof(DeadLetter));
        var actor = System.ActorOf<Quiet>();
        await probe.Watch(actor);
        System.Stop(actor);
        await probe.Expect<Terminated>();
        actor.Tell("hello?", probe.Ref);
        var letter = await probe.Expect<DeadLetter>();
        Assert.Equal("hello?", letter.Message);
        Assert.Equal(actor, letter.Recipient);
        Assert.Equal(probe.Ref, letter.Sender);
    }

    private sealed class Nest : ReceiveActor
    {
        public Nest(IActorRef probe)
        {
            Context.ActorOf(Props.Create(() => new Egg(probe)), "egg");
            Receive<string>(_ => Sender.Tell(Context.Child("egg")));
            Probe = probe;
        }

        private IActorRef Probe { get; }

        protected override void PostStop() => Probe.Tell("nest");
    }

    private sealed class Egg(IActorRef probe) : UntypedActor
    {
        protected override void OnReceive(object message) { }

        protected override void PostStop() => probe.Tell("egg");
    }

    [Fact]
    public async Task Stop_ActorWithChildren_ChildrenEndFirst()
    {
        var probe = NewProbe();
        var nest = System.ActorOf(Props.Create(() => new Nest(probe.Ref)), "nest");
        var egg = await nest.Ask<IActorRef>("egg", Patience);
        Assert.Equal("akka://local/user/nest/egg", egg.Path.ToString());
        System.Stop(nest);
        Assert.Equal("egg", await probe.Expect<string>());
        Assert.Equal("nest", await probe.Expect<string>());
    }

    [Fact]
    public void ActorOf_NameInUseOrIllegal_Throws()
    {
        System.ActorOf<Quiet>("one");
        Assert.Throws<InvalidActorNameException>(() => System.ActorOf<Quiet>("one"));
        Assert.Throws<InvalidActorNameException>(() => System.ActorOf<Quiet>("a/b"));
        Assert.Throws<InvalidActorNameException>(() => System.ActorOf<Quiet>(""));
    }

    private sealed class Rebuilder : ReceiveActor
    {
        public Rebuilder(IActorRef probe)
        {
            var child = Context.Watch(Context.ActorOf<Quiet>("one"));
            Receive<string>(_ => Context.Stop(child));
            Receive<Terminated>(t => probe.Tell((t.ActorRef, Context.ActorOf<Quiet>("one"))));
        }
    }

    [Fact]
    public async Task ActorOf_NameOfAnEndedChild_IsAnotherActorAtTheSamePath()
    {
        var probe = NewProbe();
        System.ActorOf(Props.Create(() => new Rebuilder(probe.Ref))).Tell("again");
        var (first, second) = await probe.Expect<(IActorRef, IActorRef)>();
        Assert.Equal(first.Path, second.Path);
        Assert.NotEqual(first, second);
    }
}
