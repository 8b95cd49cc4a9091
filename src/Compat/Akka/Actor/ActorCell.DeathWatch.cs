using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>Whom this actor watches and who watches it.</summary>
internal sealed partial class ActorCell
{
    /// <summary>Watched actors, with the message to deliver in place of <see cref="Terminated"/>, or null.</summary>
    private readonly Dictionary<InternalActorRef, object> _watching = [];
    private readonly HashSet<InternalActorRef> _watchedBy = [];

    /// <summary>Ended actors whose notice waits in the mailbox; an unwatch takes it back.</summary>
    private readonly HashSet<IActorRef> _noticesQueued = [];

    public IActorRef Watch(IActorRef subject) => StartWatching(subject, null);

    public IActorRef WatchWith(IActorRef subject, object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return StartWatching(subject, message);
    }

    private IActorRef StartWatching(IActorRef subject, object message)
    {
        if (subject is not InternalActorRef watchee || Equals(watchee, SelfRef)) return subject;
        if (_watching.TryGetValue(watchee, out var before))
        {
            if (!Equals(before, message))
                throw new InvalidOperationException($"Watch({watchee}, {message ?? "default"}) termination message conflicts with the one given before ({before ?? "default"}). Unwatch first to change it.");
            return subject;
        }
        _watching.Add(watchee, message);
        watchee.SendSystemMessage(new Watch(watchee, SelfRef));
        return subject;
    }

    public IActorRef Unwatch(IActorRef subject)
    {
        if (subject is not InternalActorRef watchee) return subject;
        if (_watching.Remove(watchee)) watchee.SendSystemMessage(new Unwatch(watchee, SelfRef));
        _noticesQueued.Remove(watchee);
        return subject;
    }

    private void AddWatcher(Watch watch)
    {
        if (Equals(watch.Watchee, SelfRef)) _watchedBy.Add(watch.Watcher);
    }

    private void RemoveWatcher(Unwatch unwatch)
    {
        if (Equals(unwatch.Watchee, SelfRef)) _watchedBy.Remove(unwatch.Watcher);
    }

    private void HandleDeath(DeathWatchNotification notification)
    {
        var actor = notification.Actor;
        if (_watching.Remove(actor, out var message) && !_terminating)
        {
            _noticesQueued.Add(actor);
            var notice = new Terminated(actor, notification.ExistenceConfirmed, notification.AddressTerminated);
            Enqueue(new Envelope(message is null ? notice : new WatchedWith(actor, message), actor));
        }
        var stats = Children.Find(actor);
        if (stats is null) return;
        Children.Remove(actor);
        if (_terminating) FinishTerminationWhenChildrenAreGone();
        else FinishRecreateWhenChildrenAreGone();
    }

    private void ReceiveTerminated(Terminated terminated)
    {
        if (_noticesQueued.Remove(terminated.ActorRef)) ReceiveMessage(terminated);
    }

    private void ReceiveWatchedWith(WatchedWith with)
    {
        if (!_noticesQueued.Remove(with.Actor)) return;
        CurrentEnvelope = new Envelope(with.Message, CurrentEnvelope.Sender);
        ReceiveMessage(with.Message);
    }

    private void TellWatchers()
    {
        foreach (var watcher in _watchedBy)
            watcher.SendSystemMessage(new DeathWatchNotification(SelfRef, ExistenceConfirmed: true, AddressTerminated: false));
        _watchedBy.Clear();
    }

    private void UnwatchAll()
    {
        foreach (var watchee in _watching.Keys) watchee.SendSystemMessage(new Unwatch(watchee, SelfRef));
        _watching.Clear();
        _noticesQueued.Clear();
    }

    /// <summary>The message that a watcher chose for an actor's end.</summary>
    private sealed record WatchedWith(IActorRef Actor, object Message) : Event.IDeadLetterSuppression;
}
