namespace TrainingCluster.Chaos;

/// <summary>Waits for the first step that began after a fault.</summary>
/// <param name="since">The moment of the fault.</param>
/// <param name="counts">Steps done by each process when asked right after it.</param>
internal sealed class RecoveryClock(long since, IReadOnlyDictionary<int, long> counts)
{
    private readonly TaskCompletionSource<long> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The moment of the fault.</summary>
    public long Since => since;

    /// <summary>The moment at which the step was seen.</summary>
    public Task<long> Done => _done.Task;

    /// <summary>
    /// Takes note of a process' count. The step that was in flight at the fault may still be completed by what had been sent
    /// before: only the one after it counts. A process that was not there has no such step.
    /// </summary>
    public void Note(int pid, long count, long now)
    {
        if (count >= (counts.TryGetValue(pid, out var known) ? known + 2 : 1))
        {
            _done.TrySetResult(now);
        }
    }
}
