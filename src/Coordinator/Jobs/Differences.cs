using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs.Machine;

namespace TrainingCluster.Coordinator.Jobs;

/// <summary>
/// Whether a transition has changed what a job's actor works out of the whole group. Most transitions of a large group are reports that
/// change nothing of it; to work it out anew with each of them would cost the square of the number of members.
/// </summary>
internal static class Differences
{
    /// <summary>
    /// Whether a report has left the call as it is: a member answers, or does one of the last steps before it, or tells of an end that is
    /// known. Nobody has come or gone by that. What is due may have moved later, and waking too early does no harm.
    /// </summary>
    public static bool LeavesTheCall(JobInput input, JobMachineState before, JobMachineState after) =>
        input is WorkerReported
        && before.Phase == JobPhase.Preparing
        && after.Phase == JobPhase.Preparing
        && before.Generation == after.Generation
        && before.PhaseSince == after.PhaseSince
        && before.Current.Members.Count == after.Current.Members.Count
        && ReferenceEquals(before.LeftOut, after.LeftOut);

    /// <summary>Whether what the coordinator is told of the job is the same. Members of one generation only become fewer.</summary>
    public static bool SaysTheSame(JobMachineState before, JobMachineState now) =>
        (before.Phase, before.Generation, before.Started, before.Queued, before.PreemptedFor)
            == (now.Phase, now.Generation, now.Started, now.Queued, now.PreemptedFor)
        && before.Current.Members.Count == now.Current.Members.Count
        && ReferenceEquals(before.Plan, now.Plan)
        && ReferenceEquals(before.Pool, now.Pool)
        && ReferenceEquals(before.Arithmetic, now.Arithmetic);

    /// <summary>What the coordinator is told of a job.</summary>
    public static JobStatus StatusOf(string jobId, JobMachineState state) =>
        new(jobId, state.Phase, state.Started is not null, [.. Draining.Held(state)], Alikeness.Bound(state))
        {
            Released = Preemption.Released(state),
            Queued = state.Queued,
            Preempted = state.PreemptedFor.Length > 0,
        };
}
