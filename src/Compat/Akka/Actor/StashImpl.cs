namespace Akka.Actor;

/// <summary>Calling <see cref="IStash.Stash"/> twice for one message is an error.</summary>
public class IllegalActorStateException : AkkaException
{
    public IllegalActorStateException(string message) : base(message) { }
}

/// <summary>The stash of one actor.</summary>
internal sealed class StashImpl(ActorCell cell) : IStash
{
    private readonly LinkedList<Envelope> _stashed = new();
    private Envelope _last;

    public int Count => _stashed.Count;
    public bool IsEmpty => _stashed.Count == 0;
    public bool NonEmpty => !IsEmpty;
    public bool IsFull => false;
    public int Capacity => -1;

    public void Stash()
    {
        var current = cell.CurrentEnvelope;
        if (_stashed.Count > 0 && ReferenceEquals(current.Message, _last.Message) && ReferenceEquals(current.Sender, _last.Sender) && ReferenceEquals(_stashed.Last.Value.Message, current.Message))
            throw new IllegalActorStateException($"Can't stash the same message {current.Message} more than once");
        _last = current;
        _stashed.AddLast(current);
    }

    public void Unstash()
    {
        if (_stashed.First is not { } first) return;
        _stashed.RemoveFirst();
        cell.Prepend([first.Value]);
    }

    public void UnstashAll() => UnstashAll(_ => true);

    public void UnstashAll(Func<Envelope, bool> predicate)
    {
        if (_stashed.Count == 0) return;
        cell.Prepend([.. ClearStash().Where(predicate)]);
    }

    public IEnumerable<Envelope> ClearStash()
    {
        Envelope[] all = [.. _stashed];
        _stashed.Clear();
        return all;
    }

    public void Prepend(IEnumerable<Envelope> envelopes)
    {
        foreach (var envelope in envelopes.Reverse()) _stashed.AddFirst(envelope);
    }
}
