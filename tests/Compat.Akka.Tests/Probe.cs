using System.Threading.Channels;
using Akka.Actor;

namespace TrainingCluster.Compat.Akka.Tests;

/// <summary>An actor whose messages a test awaits.</summary>
public sealed class Probe
{
    /// <summary>An upper bound for things that should come at once, on a machine that does much else.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Channel<(object Message, IActorRef Sender)> _received = Channel.CreateUnbounded<(object, IActorRef)>();

    public Probe(ActorSystem system) => Ref = system.ActorOf(Props.Create(() => new ProbeActor(_received.Writer)));

    public IActorRef Ref { get; }

    public IActorRef LastSender { get; private set; } = ActorRefs.Nobody;

    /// <summary>The next message, which must be a <typeparamref name="T"/>.</summary>
    public async Task<T> Expect<T>()
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            var (message, sender) = await _received.Reader.ReadAsync(limit.Token);
            LastSender = sender;
            return Assert.IsType<T>(message, exactMatch: false);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No {typeof(T).Name} came.");
        }
    }

    /// <summary>The first message that is a <typeparamref name="T"/> and fits; others before it are passed over.</summary>
    public async Task<T> Fish<T>(Func<T, bool>? fits = null)
    {
        using var limit = new CancellationTokenSource(Patience);
        var seen = new List<object>();
        try
        {
            while (true)
            {
                var (message, sender) = await _received.Reader.ReadAsync(limit.Token);
                seen.Add(message);
                LastSender = sender;
                if (message is T wanted && (fits is null || fits(wanted))) return wanted;
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No fitting {typeof(T).Name} among: {string.Join("; ", seen)}");
        }
    }

    /// <summary>Whether a message waits now.</summary>
    public bool HasMessage => _received.Reader.TryPeek(out _);

    /// <summary>Watches an actor; its end comes as <see cref="Terminated"/>.</summary>
    public async Task Watch(IActorRef actor)
    {
        Assert.True(await Ref.Ask<bool>(new WatchThis(actor), Patience));
    }

    private sealed record WatchThis(IActorRef Actor);

    private sealed class ProbeActor : UntypedActor
    {
        private readonly ChannelWriter<(object, IActorRef)> _received;

        public ProbeActor(ChannelWriter<(object, IActorRef)> received) => _received = received;

        protected override void OnReceive(object message)
        {
            if (message is WatchThis watch)
            {
                Context.Watch(watch.Actor);
                Sender.Tell(true);
                return;
            }
            _received.TryWrite((message, Sender));
        }
    }
}
