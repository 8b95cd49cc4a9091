using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>A job's last bits depend on how its workers compute: all compute alike, from its first step to its last.</summary>
internal static class Alikeness
{
    /// <summary>How the job's workers must compute; null: it has no plan yet, so nothing depends on it.</summary>
    public static Arithmetic? Bound(JobMachineState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Plan is not null || !state.Current.Members.IsEmpty ? state.Arithmetic : null;
    }

    /// <summary>
    /// Those that compute as the job does. The coordinator hands out only alike workers; but it may not have heard yet what the job
    /// was bound to.
    /// </summary>
    public static IEnumerable<PoolWorker> Alike(JobMachineState state, IReadOnlyList<PoolWorker> workers)
    {
        if (workers.Count == 0)
        {
            return workers;
        }
        var arithmetic = Bound(state) ?? workers[0].Arithmetic;
        return workers.Where(w => w.Arithmetic.Fingerprint == arithmetic.Fingerprint);
    }

    /// <summary>Tells people that workers are there which the job does not take, and why.</summary>
    public static void NoteLeftAside(TransitionBuilder transition, string leftAside)
    {
        if (leftAside == transition.State.LeftAside)
        {
            return;
        }
        transition.State = transition.State with { LeftAside = leftAside };
        if (leftAside.Length > 0)
        {
            transition.Log(LogSeverity.Warning, "coordinator", leftAside);
        }
        if (transition.State.Phase == JobPhase.Waiting)
        {
            transition.State = transition.State with { Reason = Waiting.Reason(transition.State, "waits for workers") };
        }
    }

    public static string WithLeftAside(JobMachineState state, string reason) =>
        state.LeftAside.Length == 0 ? reason : $"{reason}; {state.LeftAside}";
}
