using System.Collections.Concurrent;

namespace TrainingCluster.Coordinator.Store;

/// <summary>Wakes those who watch a job when its record has grown.</summary>
internal sealed class EventSignals
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>Completes at the next <see cref="Raise"/>. Take it before looking, so that nothing falls between.</summary>
    public Task NextAsync(string jobId) =>
        _waiting.GetOrAdd(jobId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Raise(string jobId)
    {
        if (_waiting.TryRemove(jobId, out var signal))
        {
            signal.SetResult();
        }
    }
}
