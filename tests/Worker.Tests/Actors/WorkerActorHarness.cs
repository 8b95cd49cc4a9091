using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Actors;

/// <summary>A worker's actor with a trainer of the test's; the coordinator is a probe that the test speaks for.</summary>
internal sealed class WorkerActorHarness : IAsyncDisposable
{
    private readonly ActorSystem system;
    private readonly Channel<IMessage> heard = Channel.CreateUnbounded<IMessage>();
    private readonly IActorRef coordinator;

    public WorkerActorHarness()
    {
        system = ActorSystem.Create("test", ConfigurationFactory.ParseString("akka { loglevel = OFF, stdout-loglevel = OFF }"));
        var writer = heard.Writer;
        coordinator = system.ActorOf(Props.Create(() => new Probe(writer)), "coordinator");
        Begin();
    }

    public FakeTrainer Trainer { get; } = new();
    public ReportBox Box { get; } = new("w", "i");
    public CoordinatorLink Link { get; } = new(TimeProvider.System);
    public TaskCompletionSource<string> Rejoin { get; } = new();
    public IActorRef Worker { get; private set; } = null!;

    public void Begin()
    {
        var settings = new WorkerActorSettings
        {
            WorkerId = "w",
            Incarnation = "i",
            CollectiveAddress = "http://w",
            HttpAddress = "http://w/http",
            Device = "cpu",
            Arithmetic = new Arithmetic { Fingerprint = "f" },
            CoordinatorPath = "/user/coordinator",
            RegisterInterval = TimeSpan.FromMilliseconds(20),
            TryInterval = TimeSpan.FromMilliseconds(10),
            // The test answers when it gets to it.
            SilenceLimit = TimeSpan.FromMinutes(10),
        };
        var parts = new WorkerParts(Trainer, Box, Link);
        Func<bool> isMember = () => true;
        Action<string> rejoin = reason => Rejoin.TrySetResult(reason);
        Worker = system.ActorOf(Props.Create(() => new WorkerActor(settings, parts, isMember, rejoin, TimeProvider.System, NullLogger.Instance)));
    }

    public void End() => Worker.Tell(PoisonPill.Instance);

    public void Say(IMessage message) => Worker.Tell(message, coordinator);

    public async Task<T> Hear<T>(Predicate<T>? wanted = null) where T : IMessage
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
            if (await heard.Reader.ReadAsync(patience.Token) is T message && (wanted is null || wanted(message))) return message;
    }

    public async Task Register()
    {
        await Hear<RegisterWorker>();
        Say(new WorkerRegistered { CoordinatorIncarnation = "c1", GrpcAddress = "http://c" });
        await Hear<RegisterWorker>(r => r.Coordinator == "c1");
    }

    public async ValueTask DisposeAsync() => await system.Terminate();

    private sealed class Probe : ReceiveActor
    {
        public Probe(ChannelWriter<IMessage> heard) => Receive<IMessage>(m => heard.TryWrite(m));
    }
}
