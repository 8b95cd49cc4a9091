namespace TrainingCluster.Coordinator.Store;

/// <summary>Wakes those who watch a job when its record has grown. Of a job that nobody watches it knows nothing.</summary>
internal sealed class EventSignals
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<EventSignal>> _watched = new(StringComparer.Ordinal);

    /// <summary>A signal for one watcher, until it is disposed.</summary>
    public EventSignal Watch(string jobId)
    {
        var signal = new EventSignal(s => Forget(jobId, s));
        lock (_gate)
        {
            if (!_watched.TryGetValue(jobId, out var signals))
            {
                _watched[jobId] = signals = [];
            }
            signals.Add(signal);
        }
        return signal;
    }

    /// <summary>Wakes everyone who watches the job.</summary>
    public void Raise(string jobId)
    {
        lock (_gate)
        {
            foreach (var signal in _watched.GetValueOrDefault(jobId) ?? [])
            {
                signal.Raise();
            }
        }
    }

    private void Forget(string jobId, EventSignal signal)
    {
        lock (_gate)
        {
            if (_watched.TryGetValue(jobId, out var signals) && signals.Remove(signal) && signals.Count == 0)
            {
                _watched.Remove(jobId);
            }
        }
    }
}
