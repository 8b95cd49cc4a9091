using TrainingCluster.Coordinator.Jobs.Machine;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

// The queue takes workers from the job for other jobs, and gives them back.
internal sealed partial class World
{
    private readonly Dictionary<string, long> _asked = [];
    private readonly HashSet<string> _lent = [];
    private bool _yields;
    private long _asks;

    private void AskBack(SimulatedWorker worker)
    {
        _asked[worker.Id] = ++_asks;
        Apply(Pool());
    }

    private void Preempt()
    {
        foreach (var mine in _workers.Where(IsOurs))
        {
            _asked.TryAdd(mine.Id, ++_asks);
        }
        _yields = true;
        Apply(Pool());
    }

    /// <summary>Another job has done with a worker, which may have forgotten this one over it.</summary>
    private void TakeBack(SimulatedWorker worker)
    {
        _lent.Remove(worker.Id);
        if (_random.Next(2) == 0)
        {
            worker.Forget();
        }
    }

    private void ForgetQueue()
    {
        _asked.Clear();
        _yields = false;
    }

    private bool IsOurs(SimulatedWorker worker) => _seen.ContainsKey(worker.Id) && !_lent.Contains(worker.Id);

    /// <summary>What the queue gives the job: without those that are with other jobs.</summary>
    private PoolChanged Pool() =>
        new(
            State.Phase.WantsWorkers()
                ?
                [
                    .. _seen
                        .Values.Where(w => !_lent.Contains(w.Id))
                        .OrderBy(w => w.Id, StringComparer.Ordinal)
                        .Select(w => _asked.TryGetValue(w.Id, out var number) ? w with { Draining = true, Reclaim = number } : w),
                ]
                : []
        )
        {
            Queue = _yields ? new("", "another job") : QueueWord.None,
        };

    /// <summary>Those that the job has let go are with another job from now on.</summary>
    private void TakeReleased()
    {
        var released = Preemption.Released(State);
        foreach (var (id, number) in _asked.Where(asked => released.Contains(asked.Value)).ToArray())
        {
            _asked.Remove(id);
            _lent.Add(id);
        }
        _yields &= State.Phase.WantsWorkers() && State.Phase != JobPhase.Waiting;
    }
}
