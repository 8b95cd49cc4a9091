using Akka.Actor;
using Akka.Event;

namespace TrainingCluster.Compat.Akka.Tests.Actor;

public sealed class ReceiveActorTests : LocalSystem
{
    private sealed class Counter : ReceiveActor
    {
        private int _count;

        public Counter()
        {
            Receive<int>(n => n < 0, _ => Sender.Tell("negative"));
            Receive<int>(n => _count += n);
            Receive<string>(s =>
            {
                if (s != "get") return false;
                Sender.Tell(_count);
                return true;
            });
            ReceiveAsync<TaskCompletionSource<int>>(async t =>
            {
                var (self, sender) = (Self, Sender);
                var added = await t.Task;
                Assert.Equal(self, Context.Self);
                Assert.Equal(sender, Sender);
                _count += added;
                Sender.Tell("added");
            });
        }
    }

    [Fact]
    public async Task Receive_ManySendersManyMessages_AllAreHandledOneAtATime()
    {
        var counter = System.ActorOf(Props.Create(() => new Counter()), "counter");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++) counter.Tell(1);
        })));
        Assert.Equal(80_000, await counter.Ask<int>("get", Patience));
    }

    [Fact]
    public async Task Receive_WithPredicate_FirstFittingHandlerRuns()
    {
        var counter = System.ActorOf(Props.Create<Counter>());
        Assert.Equal("negative", await counter.Ask<string>(-5, Patience));
    }

    [Fact]
    public async Task Receive_NoHandlerFits_UnhandledMessageIsPublished()
    {
        var probe = NewProbe();
        System.EventStream.Subscribe(probe.Ref, typeof(UnhandledMessage));
        var counter = System.ActorOf(Props.Create<Counter>());
        counter.Tell("what?");
        var unhandled = await probe.Expect<UnhandledMessage>();
        Assert.Equal("what?", unhandled.Message);
        Assert.Equal(counter, unhandled.Recipient);
    }

    [Fact]
    public async Task ReceiveAsync_WhileItAwaits_OtherMessagesWaitAndContextIsKept()
    {
        var counter = System.ActorOf(Props.Create<Counter>());
        var gate = new TaskCompletionSource<int>();
        var probe = NewProbe();
        counter.Tell(gate, probe.Ref);
        var later = counter.Ask<int>("get", Patience);
        Assert.False(later.IsCompleted);
        gate.SetResult(7);
        Assert.Equal("added", await probe.Expect<string>());
        Assert.Equal(7, await later);
    }

    private sealed class Switching : ReceiveActor
    {
        public Switching() => Sad();

        private void Happy()
        {
            Receive<string>(s => s == "be sad", _ => Become(Sad));
            ReceiveAny(_ => Sender.Tell("happy"));
        }

        private void Sad()
        {
            Receive<string>(s => s == "be happy", _ => Become(Happy));
            ReceiveAny(_ => Sender.Tell("sad"));
        }
    }

    [Fact]
    public async Task Become_OtherBehaviour_HandlersAreReplaced()
    {
        var actor = System.ActorOf(Props.Create<Switching>());
        Assert.Equal("sad", await actor.Ask<string>("how?", Patience));
        actor.Tell("be happy");
        Assert.Equal("happy", await actor.Ask<string>("how?", Patience));
        actor.Tell("be sad");
        Assert.Equal("sad", await actor.Ask<string>("how?", Patience));
    }

    private sealed class Stacking : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is "push")
                Context.BecomeStacked(m =>
                {
                    if (m is "pop") UnbecomeStacked();
                    else Sender.Tell("upper");
                });
            else Sender.Tell("lower");
        }
    }

    [Fact]
    public async Task UnbecomeStacked_AfterBecomeStacked_OldBehaviourIsBack()
    {
        var actor = System.ActorOf<Stacking>();
        actor.Tell("push");
        Assert.Equal("upper", await actor.Ask<string>("who?", Patience));
        actor.Tell("pop");
        Assert.Equal("lower", await actor.Ask<string>("who?", Patience));
    }

    private sealed class Late : ReceiveActor
    {
        public Late() => Receive<string>(_ =>
        {
            try
            {
                Receive<int>(_ => { });
            }
            catch (InvalidOperationException e)
            {
                Sender.Tell(e);
            }
        });
    }

    [Fact]
    public async Task Receive_OutsideConstructorAndBecome_Throws()
    {
        var actor = System.ActorOf<Late>();
        Assert.NotNull(await actor.Ask<InvalidOperationException>("now", Patience));
    }

    [Fact]
    public void Constructor_CalledDirectly_Throws()
    {
        Assert.Throws<ActorInitializationException>(() => new Switching());
    }
}
