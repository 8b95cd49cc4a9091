using Grpc.Core;
using Microsoft.Extensions.Options;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Errors;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Access;

/// <summary>Whether a job may be queued at all.</summary>
/// <param name="quotas">How much clients may take.</param>
/// <param name="queue">What namespaces may take.</param>
public sealed class Admission(Quotas quotas, IOptions<QueueOptions> queue)
{
    /// <summary>Refuses a job that its namespace may not have, or never could run.</summary>
    /// <param name="store">The jobs that there are.</param>
    /// <param name="name">The namespace.</param>
    /// <param name="caller">Who submits it.</param>
    /// <param name="spec">The job, every field filled in.</param>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED, INVALID_ARGUMENT.</exception>
    internal async Task RequireAsync(JobStore store, string name, Caller caller, JobSpec spec)
    {
        RequireSpec(name, spec);
        await quotas.RequireRoomForJobAsync(store, name, caller);
    }

    /// <summary>Refuses a job that its namespace may not have, or never could run, whatever else there is.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    internal void RequireSpec(string name, JobSpec spec)
    {
        if (queue.Value.PriorityLimits.Of(name) is { } limit && spec.Priority > limit)
        {
            throw RpcErrors.Invalid(
                ("spec.priority", $"{spec.Priority} is more than jobs of namespace {name} may have; give {limit} at most")
            );
        }
        if (queue.Value.WorkerQuotas.Of(name) is { } quota && spec.Workers.Min > quota)
        {
            throw RpcErrors.Invalid(
                (
                    "spec.workers.min",
                    $"{spec.Workers.Min} is more than the quota of namespace {name}, {quota} workers: the job could never start; lower it, "
                        + "or ask an operator for a greater quota"
                )
            );
        }
    }
}
