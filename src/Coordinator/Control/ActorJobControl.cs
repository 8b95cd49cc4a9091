using Akka.Actor;
using Akka.Hosting;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

/// <summary>Carries the services' wishes to the coordinator's actor, which is made after the services listen: earlier ones wait for it.</summary>
internal sealed class ActorJobControl(JobStore store, IRequiredActor<CoordinatorActor> coordinator) : IJobControl
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public void JobCreated(string jobId) => _ = AnnounceAsync(jobId);

    /// <inheritdoc/>
    public Task Cancel(string jobId, string reason, CancellationToken cancel) => CommandAsync(jobId, new CancelRequested(reason), cancel);

    /// <inheritdoc/>
    public Task Suspend(string jobId, CancellationToken cancel) => CommandAsync(jobId, new SuspendRequested(), cancel);

    /// <inheritdoc/>
    public Task Resume(string jobId, CancellationToken cancel) => CommandAsync(jobId, new ResumeRequested(), cancel);

    /// <inheritdoc/>
    public void CheckpointsChanged(string jobId) => _ = TellAsync(new CheckpointsMoved(jobId));

    /// <inheritdoc/>
    public async Task<ClusterStatus> Cluster(CancellationToken cancel) =>
        await (await coordinator.GetAsync(cancel)).Ask<ClusterStatus>(StatusAsked.Instance, s_patience, cancel);

    private async Task AnnounceAsync(string jobId)
    {
        if (await store.Get(jobId) is { } job)
            await TellAsync(new JobAdded(job));
    }

    private async Task TellAsync(object message) => (await coordinator.GetAsync()).Tell(message);

    private async Task CommandAsync(string jobId, JobInput input, CancellationToken cancellationToken) =>
        await (await coordinator.GetAsync(cancellationToken)).Ask<CommandDone>(new JobCommand(jobId, input), s_patience, cancellationToken);
}
