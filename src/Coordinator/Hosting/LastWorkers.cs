using TrainingCluster.Coordinator.Control;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>
/// The end of a coordinator whose workers are told to end at the same time (a drained node, a deleted deployment, a signal to all): it
/// serves on until they have stored the state that only they hold, and have left. Workers that stay train on without it.
/// </summary>
internal static class LastWorkers
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Completes when no worker needs the coordinator any more, or the time is over.</summary>
    /// <param name="control">Knows the workers.</param>
    /// <param name="options">The times.</param>
    /// <param name="hurried">Completes when it is to end at once.</param>
    /// <param name="time">The clock.</param>
    public static async Task LeaveAsync(IJobControl control, ServingOptions options, Task hurried, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(options.LeaveTimeout, time);
        var begun = time.GetTimestamp();
        try
        {
            while (!hurried.IsCompleted)
            {
                var states = (await control.ClusterAsync(limit.Token)).Workers.Select(w => w.State).ToHashSet();
                var mayFollow = states.Contains(WorkerState.Training) && time.GetElapsedTime(begun) < options.LeaveWindow;
                if (!states.Contains(WorkerState.Draining) && !mayFollow)
                {
                    return;
                }
                await Task.WhenAny(hurried, Task.Delay(s_poll, time, limit.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or Akka.Actor.AskTimeoutException)
        {
            // The time is over, or nobody answers any more.
        }
    }
}
