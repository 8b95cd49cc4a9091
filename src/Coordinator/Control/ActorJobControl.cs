using Akka.Actor;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

/// <summary>Carries the services' wishes to the coordinator's actor. The actor is made after the services listen.</summary>
public sealed class ActorJobControl(JobStore store) : IJobControl
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TaskCompletionSource<IActorRef> coordinator = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>From now on wishes go to <paramref name="actor"/>; earlier ones waited.</summary>
    public void Connect(IActorRef actor) => coordinator.SetResult(actor);

    /// <inheritdoc/>
    public void JobCreated(string jobId) => _ = Announce(jobId);

    /// <inheritdoc/>
    public Task Cancel(string jobId, string reason, CancellationToken cancel) => Command(jobId, new CancelRequested(reason), cancel);

    /// <inheritdoc/>
    public Task Suspend(string jobId, CancellationToken cancel) => Command(jobId, new SuspendRequested(), cancel);

    /// <inheritdoc/>
    public Task Resume(string jobId, CancellationToken cancel) => Command(jobId, new ResumeRequested(), cancel);

    /// <inheritdoc/>
    public void CheckpointsChanged(string jobId)
    {
        // Before the actors are there nobody trains, and they look for themselves at their start.
        if (coordinator.Task.IsCompletedSuccessfully) _ = Tell(new CheckpointsMoved(jobId));
    }

    /// <inheritdoc/>
    public async Task<ClusterStatus> Cluster(CancellationToken cancel) =>
        await (await coordinator.Task.WaitAsync(cancel)).Ask<ClusterStatus>(StatusAsked.Instance, Patience, cancel);

    private async Task Announce(string jobId)
    {
        if (await store.Get(jobId) is { } job) await Tell(new JobAdded(job));
    }

    private async Task Tell(object message) => (await coordinator.Task).Tell(message);

    private async Task Command(string jobId, JobInput input, CancellationToken cancel) =>
        await (await coordinator.Task.WaitAsync(cancel)).Ask<CommandDone>(new JobCommand(jobId, input), Patience, cancel);
}
