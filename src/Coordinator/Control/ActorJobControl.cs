using Akka.Actor;
using Microsoft.Extensions.Options;
using TrainingCluster.Coordinator.Hosting;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Control;

/// <summary>
/// Carries the services' wishes to the coordinator's actor, which is made after the services listen: earlier ones wait for it.
/// </summary>
internal sealed class ActorJobControl(CoordinatorNode coordinator, IOptions<ServingOptions> options) : IJobControl
{
    private readonly TimeSpan _timeout = options.Value.CommandTimeout;

    /// <inheritdoc/>
    public void JobCreated(StoredJob job) => _ = TellAsync(new JobAdded(job));

    /// <inheritdoc/>
    public async Task EditedAsync(StoredJob job, CancellationToken cancellationToken) =>
        await (await coordinator.ActorAsync(cancellationToken)).Ask<CommandDone>(new JobEdited(job), _timeout, cancellationToken);

    /// <inheritdoc/>
    public Task CancelAsync(string jobId, string reason, CancellationToken cancellationToken) =>
        CommandAsync(jobId, new CancelRequested(reason), cancellationToken);

    /// <inheritdoc/>
    public Task SuspendAsync(string jobId, CancellationToken cancellationToken) =>
        CommandAsync(jobId, new SuspendRequested(), cancellationToken);

    /// <inheritdoc/>
    public Task ResumeAsync(string jobId, CancellationToken cancellationToken) =>
        CommandAsync(jobId, new ResumeRequested(), cancellationToken);

    /// <inheritdoc/>
    public void CheckpointsChanged(string jobId) => _ = TellAsync(new CheckpointsMoved(jobId));

    /// <inheritdoc/>
    public async Task<ClusterStatus> ClusterAsync(CancellationToken cancellationToken) =>
        await (await coordinator.ActorAsync(cancellationToken)).Ask<ClusterStatus>(StatusRequested.Instance, _timeout, cancellationToken);

    /// <inheritdoc/>
    public async Task<QueueStatus> QueueAsync(string name, CancellationToken cancellationToken) =>
        await (await coordinator.ActorAsync(cancellationToken)).Ask<QueueStatus>(new QueueRequested(name), _timeout, cancellationToken);

    private async Task TellAsync(object message) => (await coordinator.ActorAsync(CancellationToken.None)).Tell(message);

    private async Task CommandAsync(string jobId, JobInput input, CancellationToken cancellationToken) =>
        await (await coordinator.ActorAsync(cancellationToken)).Ask<CommandDone>(new JobCommand(jobId, input), _timeout, cancellationToken);
}
