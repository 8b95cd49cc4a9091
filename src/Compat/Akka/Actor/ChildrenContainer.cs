namespace Akka.Actor;

/// <summary>One child: how often it was restarted, and whether it was told to stop.</summary>
internal sealed class ChildStats
{
    private int _restarts;
    private long _windowStart;

    internal ChildStats(InternalActorRef child) => Child = child;
    internal InternalActorRef Child { get; }
    internal bool Stopping { get; set; }

    /// <summary>Counts a restart and says whether it is still within the limit. A limit below zero or a range of zero is none.</summary>
    internal bool MayRestart(int maxRestarts, TimeSpan range, TimeProvider time)
    {
        if (maxRestarts == 0) return false;
        if (range <= TimeSpan.Zero) return maxRestarts < 0 || ++_restarts <= maxRestarts;
        var allowed = maxRestarts > 0 ? maxRestarts : 1;
        var now = time.GetTimestamp();
        if (_windowStart != 0 && time.GetElapsedTime(_windowStart, now) <= range) return ++_restarts <= allowed;
        (_windowStart, _restarts) = (now, 1);
        return true;
    }
}

/// <summary>An actor's children by name. Other threads look children up, so all access is under a lock.</summary>
internal sealed class ChildrenContainer
{
    private readonly Dictionary<string, ChildStats> _byName = [];
    private bool _closed;

    internal bool Any
    {
        get { lock (_byName) return _byName.Count > 0; }
    }

    internal bool AnyStopping
    {
        get { lock (_byName) return _byName.Values.Any(c => c.Stopping); }
    }

    internal IReadOnlyList<InternalActorRef> Refs
    {
        get { lock (_byName) return [.. _byName.Values.Select(c => c.Child)]; }
    }

    internal IReadOnlyList<ChildStats> Stats
    {
        get { lock (_byName) return [.. _byName.Values]; }
    }

    internal InternalActorRef Find(string name)
    {
        lock (_byName) return _byName.TryGetValue(name, out var stats) ? stats.Child : null;
    }

    internal ChildStats Find(IActorRef child)
    {
        lock (_byName) return _byName.TryGetValue(child.Path.Name, out var stats) && stats.Child.Equals(child) ? stats : null;
    }

    internal void Add(InternalActorRef child)
    {
        var name = child.Path.Name;
        lock (_byName)
        {
            if (_closed) throw new InvalidOperationException("Cannot create child while terminating or terminated");
            if (!_byName.TryAdd(name, new ChildStats(child)))
                throw new InvalidActorNameException($"Actor name \"{name}\" is not unique!");
        }
    }

    internal void Remove(IActorRef child)
    {
        lock (_byName) _byName.Remove(child.Path.Name);
    }

    internal void Close()
    {
        lock (_byName) _closed = true;
    }
}
