using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Event;

/// <summary>Carries events of any type to the actors that subscribed to that type or one of its bases.</summary>
public class LoggingBus
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<Type, IActorRef[]> _cache = new();
    private ImmutableList<(Type Channel, IActorRef Subscriber)> _subscriptions = [];

    private protected LoggingBus() { }

    public LogLevel LogLevel { get; private set; }

    public void SetLogLevel(LogLevel logLevel) => LogLevel = logLevel;

    public void Publish(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        var type = @event.GetType();
        if (!_cache.TryGetValue(type, out var subscribers))
        {
            // Under the lock, so that a subscription made meanwhile empties the cache after and not before.
            lock (_gate)
            {
                subscribers = [.. _subscriptions.Where(s => s.Channel.IsAssignableFrom(type)).Select(s => s.Subscriber).Distinct()];
                _cache[type] = subscribers;
            }
        }
        foreach (var subscriber in subscribers) subscriber.Tell(@event);
    }

    public virtual bool Subscribe(IActorRef subscriber, Type channel)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        ArgumentNullException.ThrowIfNull(channel);
        return Change(all => all.Contains((channel, subscriber)) ? all : all.Add((channel, subscriber)));
    }

    public virtual bool Unsubscribe(IActorRef subscriber, Type channel) => Change(all => all.Remove((channel, subscriber)));

    public virtual bool Unsubscribe(IActorRef subscriber) => Change(all => all.RemoveAll(s => s.Subscriber.Equals(subscriber)));

    private bool Change(Func<ImmutableList<(Type Channel, IActorRef Subscriber)>, ImmutableList<(Type Channel, IActorRef Subscriber)>> change)
    {
        lock (_gate)
        {
            var after = change(_subscriptions);
            if (ReferenceEquals(after, _subscriptions)) return false;
            _subscriptions = after;
            _cache.Clear();
            return true;
        }
    }
}

/// <summary>An actor system's event stream: dead letters, log events, and whatever the application publishes.</summary>
public class EventStream : LoggingBus
{
    internal EventStream() { }
}

/// <summary>Typed subscriptions.</summary>
public static class EventStreamExtensions
{
    public static bool Subscribe<TChannel>(this EventStream eventStream, IActorRef subscriber) => eventStream.Subscribe(subscriber, typeof(TChannel));

    public static bool Unsubscribe<TChannel>(this EventStream eventStream, IActorRef subscriber) => eventStream.Unsubscribe(subscriber, typeof(TChannel));
}
