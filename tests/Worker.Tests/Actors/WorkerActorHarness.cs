using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using TrainingCluster.V1;
using TrainingCluster.Worker.Actors;

namespace TrainingCluster.Worker.Tests.Actors;

/// <summary>A worker's actor with a trainer of the test's; the coordinator is a probe that the test speaks for.</summary>
internal sealed class WorkerActorHarness : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(2);
    private readonly TestKit _kit = new(ConfigurationFactory.ParseString("akka { loglevel = OFF, stdout-loglevel = OFF }"), "test");
    private readonly TestProbe _coordinator;

    public WorkerActorHarness()
    {
        _coordinator = _kit.CreateTestProbe("coordinator");
        Begin();
    }

    public FakeTrainer Trainer { get; } = new();
    public Outbox Outbox { get; } = new();
    public CoordinatorLink Link { get; } = new(TimeProvider.System);
    public TaskCompletionSource<string> Rejoin { get; } = new();
    public IActorRef Worker { get; private set; } = null!;

    /// <param name="isMember">Whether its node is a member of the cluster.</param>
    /// <param name="silence">Null: longer than any test.</param>
    public void Begin(bool isMember = true, TimeSpan? silence = null)
    {
        var settings = new WorkerActorSettings
        {
            WorkerId = "w",
            Incarnation = "i",
            CollectiveAddress = "http://w",
            HttpAddress = "http://w/http",
            Device = "cpu",
            Arithmetic = new Arithmetic { Fingerprint = "f" },
            CoordinatorPath = _coordinator.Ref.Path.ToStringWithoutAddress(),
            RegisterInterval = TimeSpan.FromMilliseconds(20),
            TryInterval = TimeSpan.FromMilliseconds(10),
            // The test answers when it gets to it.
            SilenceLimit = silence ?? TimeSpan.FromMinutes(10),
        };
        var parts = new WorkerParts(Trainer, Outbox, Link);
        Func<bool> membership = () => isMember;
        Action<string> rejoin = reason => Rejoin.TrySetResult(reason);
        Worker = _kit.Sys.ActorOf(
            Props.Create(() => new WorkerActor(settings, parts, membership, rejoin, TimeProvider.System, NullLogger.Instance))
        );
    }

    public void End() => Worker.Tell(PoisonPill.Instance);

    public void Say(IMessage message) => Worker.Tell(message, _coordinator.Ref);

    public async Task<T> HearAsync<T>(Predicate<T>? wanted = null)
        where T : IMessage => await _coordinator.FishForMessageAsync(wanted ?? (_ => true), s_timeout);

    public async Task RegisterAsync()
    {
        await HearAsync<RegisterWorker>();
        Say(new WorkerRegistered { CoordinatorIncarnation = "c1", GrpcAddress = "http://c" });
        await HearAsync<RegisterWorker>(r => r.Coordinator == "c1");
    }

    public ValueTask DisposeAsync() => _kit.DisposeAsync();
}
