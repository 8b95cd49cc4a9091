using TrainingCluster.V1;

namespace TrainingCluster.Worker.Tests.Training;

/// <summary>Stops a worker's training thread after a step, so that a test can act in the middle however slow the machine is.</summary>
internal sealed class Hold
{
    private readonly TaskCompletionSource _released = new();
    private long _step;

    /// <summary>Training stops once it has reported this step, until <see cref="Release"/>. To be called before training begins.</summary>
    public void After(long step) => Volatile.Write(ref _step, step);

    /// <summary>Returns after <see cref="Release"/>.</summary>
    public void Wait() => _released.Task.GetAwaiter().GetResult();

    public void Release() => _released.TrySetResult();

    /// <summary>Called with each report, on the thread that makes it.</summary>
    public void Pass(WorkerReport report)
    {
        if (report.Step is { } step && step.Step == Volatile.Read(ref _step))
        {
            _released.Task.GetAwaiter().GetResult();
        }
    }
}
