using Akka.Actor;

namespace TrainingCluster.Compat.Akka.Tests.Actor;

public sealed class TimersAndStashTests : LocalSystem
{
    private sealed class Ticker : ReceiveActor, IWithTimers
    {
        public Ticker(IActorRef probe)
        {
            Receive<TimeSpan>(interval => Timers.StartPeriodicTimer("tick", "tick", interval));
            Receive<(TimeSpan, string)>(t => Timers.StartSingleTimer("once", t.Item2, t.Item1));
            Receive<(TimeSpan, string)[]>(all =>
            {
                foreach (var (after, text) in all) Timers.StartSingleTimer("once", text, after);
            });
            Receive<bool>(_ =>
            {
                Timers.Cancel("tick");
                Sender.Tell(Timers.IsTimerActive("tick"));
            });
            Receive<int>(_ => Sender.Tell(Timers.IsTimerActive("once")));
            Receive<Exception>(e => throw e);
            Receive<string>(s => probe.Tell(s));
        }

        public ITimerScheduler Timers { get; set; } = null!;
    }

    [Fact]
    public async Task PeriodicTimer_Started_TicksUntilCancelled()
    {
        var probe = NewProbe();
        var ticker = System.ActorOf(Props.Create(() => new Ticker(probe.Ref)));
        ticker.Tell(TimeSpan.FromMilliseconds(10));
        for (var i = 0; i < 3; i++) Assert.Equal("tick", await probe.Expect<string>());
        Assert.False(await ticker.Ask<bool>(true, Patience));
    }

    [Fact]
    public async Task SingleTimer_StartedAnew_OnlyTheNewOneFires()
    {
        var probe = NewProbe();
        var ticker = System.ActorOf(Props.Create(() => new Ticker(probe.Ref)));
        // In one message: what the old one may still send while the new one is started is dropped.
        ticker.Tell(new[] { (TimeSpan.FromMilliseconds(30), "old"), (TimeSpan.FromMilliseconds(60), "new") });
        Assert.Equal("new", await probe.Expect<string>());
        Assert.False(await ticker.Ask<bool>(0, Patience));
    }

    [Fact]
    public async Task SingleTimer_ActorRestarted_IsCancelled()
    {
        var probe = NewProbe();
        var ticker = System.ActorOf(Props.Create(() => new Ticker(probe.Ref)));
        ticker.Tell((TimeSpan.FromHours(1), "never"));
        Assert.True(await ticker.Ask<bool>(0, Patience));
        ticker.Tell(new InvalidOperationException());
        Assert.False(await ticker.Ask<bool>(0, Patience));
    }

    private sealed class Stasher : ReceiveActor, IWithUnboundedStash
    {
        public Stasher(IActorRef probe)
        {
            Receive<string>(s => s == "open", _ =>
            {
                Become(() => Receive<int>(n => probe.Tell(n, Sender)));
                Stash.UnstashAll();
            });
            Receive<int>(_ => Stash.Stash());
        }

        public IStash Stash { get; set; } = null!;
    }

    [Fact]
    public async Task UnstashAll_StashedMessages_ComeInOrderBeforeLaterOnesWithTheirSender()
    {
        var probe = NewProbe();
        var stasher = System.ActorOf(Props.Create(() => new Stasher(probe.Ref)));
        stasher.Tell(1, probe.Ref);
        stasher.Tell(2, probe.Ref);
        stasher.Tell("open");
        stasher.Tell(3, probe.Ref);
        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(i, await probe.Expect<int>());
            Assert.Equal(probe.Ref, probe.LastSender);
        }
    }

    private sealed class Patient : ReceiveActor
    {
        public Patient(IActorRef probe)
        {
            Context.SetReceiveTimeout(TimeSpan.FromMilliseconds(20));
            Receive<ReceiveTimeout>(_ =>
            {
                Context.SetReceiveTimeout(null);
                probe.Tell("timeout");
            });
        }
    }

    [Fact]
    public async Task SetReceiveTimeout_NoMessages_ReceiveTimeoutComes()
    {
        var probe = NewProbe();
        System.ActorOf(Props.Create(() => new Patient(probe.Ref)));
        Assert.Equal("timeout", await probe.Expect<string>());
    }

    [Fact]
    public async Task Scheduler_TellOnceAndRepeatedly_MessagesComeUntilCancelled()
    {
        var probe = NewProbe();
        System.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(5), probe.Ref, "once", ActorRefs.NoSender);
        Assert.Equal("once", await probe.Expect<string>());
        var cancelable = System.Scheduler.ScheduleTellRepeatedlyCancelable(TimeSpan.Zero, TimeSpan.FromMilliseconds(5), probe.Ref, 1, ActorRefs.NoSender);
        for (var i = 0; i < 3; i++) await probe.Expect<int>();
        cancelable.Cancel();
        Assert.True(cancelable.IsCancellationRequested);
    }
}
