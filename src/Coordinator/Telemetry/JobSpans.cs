using System.Diagnostics;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Telemetry;

/// <summary>
/// The coordinator's spans of one job, below the call that submitted it: <c>queue</c>, <c>rendezvous</c> (one a generation, until all its
/// members train; the workers' spans are below it) and <c>job</c>, from the submission to the end. Used by one actor only.
/// </summary>
/// <param name="jobId">The job.</param>
/// <param name="trace">The call that submitted it.</param>
/// <param name="created">When that was.</param>
internal sealed class JobSpans(string jobId, ActivityContext trace, DateTimeOffset created)
{
    private Activity? _rendezvous;

    /// <summary>What the spans of workers in the present generation are below.</summary>
    public ActivityContext Generation => _rendezvous?.Context ?? trace;

    /// <summary>Follows a transition of the job. Call before its messages are sent.</summary>
    public void Follow(JobMachineState state, IEnumerable<JobEffect> effects, DateTimeOffset now)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case MeasureQueueWait wait:
                    Begin("queue", now - wait.Waited).End(ended: now);
                    break;
                case CountGeneration count:
                    EndRendezvous("given up for the next one");
                    _rendezvous = Begin("rendezvous", now)
                        ?.SetTag(Spans.Generation, state.Generation)
                        .SetTag("cluster.cause", count.Cause.ToLabel());
                    break;
                case PublishEvent { Event.Generation: { } started }:
                    _rendezvous?.SetTag(Spans.Step, started.BaseStep).SetTag("cluster.workers", string.Join(",", started.Workers));
                    EndRendezvous(null);
                    break;
                case PublishEvent { Event.State: { } changed } when state.Phase.HasEnded():
                    EndRendezvous(changed.Reason);
                    Begin("job", created)
                        ?.SetTag(Spans.Step, state.Progress.Step)
                        .SetTag("cluster.state", changed.State.ToString())
                        .SetTag("cluster.reason", changed.Reason)
                        .End(state.Phase == JobPhase.Failed ? changed.Reason : null, now);
                    break;
            }
        }
    }

    /// <summary>The coordinator ends: a rendezvous that is under way is another program's from now on, or nobody's.</summary>
    public void Leave() => EndRendezvous("the coordinator ends");

    // Its context stays the workers' parent: they hold it.
    private void EndRendezvous(string? problem)
    {
        if (_rendezvous is { IsStopped: false } span)
        {
            span.End(problem);
        }
    }

    private Activity? Begin(string name, DateTimeOffset began) => Spans.Begin(name, trace, began: began)?.SetTag(Spans.Job, jobId);
}
