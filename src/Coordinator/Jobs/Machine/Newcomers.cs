using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>Workers that join a running job: they prepare under a number of their own while the others train on.</summary>
internal static class Newcomers
{
    /// <summary>
    /// Newcomers to a running job prepare at once (dataset, model), under a number of their own, while the others train on. Only
    /// when they are ready is everyone called.
    /// </summary>
    public static void Note(TransitionBuilder transition)
    {
        var state = transition.State;
        var room =
            state.Spec.Training.LogicalShards
            - state.Current.Newcomers.Count
            - state.Current.Members.Keys.Count(id => !state.Pool.TryGetValue(id, out var w) || !w.Draining);
        var newcomers = Rendezvous
            .Allowed(state, transition.Now)
            .Where(w => !w.Draining && !state.Current.Members.ContainsKey(w.Id) && !state.Current.Newcomers.ContainsKey(w.Id))
            .Take(Math.Max(0, room))
            .ToArray();
        if (newcomers.Length == 0 || state.Current.ModelStoredAt is not null)
        {
            return;
        }
        transition.State = state with { Generation = state.Current.Newcomers.IsEmpty ? state.Generation + 1 : state.Generation };
        transition.Current = state.Current with
        {
            Newcomers = state.Current.Newcomers.SetItems(
                newcomers.Select(w => KeyValuePair.Create(w.Id, new GroupMember(w.Id, w.Incarnation) { InvitedAt = transition.Now }))
            ),
        };
        foreach (var worker in newcomers)
        {
            Rendezvous.Invite(transition, worker.Id, transition.State.Generation);
        }
    }

    /// <summary>
    /// When the newcomers that are ready are taken in; null: none is. Several that come shortly after one another cost one change,
    /// and one that takes long does not keep the others waiting.
    /// </summary>
    public static DateTimeOffset? TakeInAt(JobMachineState state, JobMachineOptions options)
    {
        var (all, ready) = (state.Current.Newcomers.Values, state.Current.Newcomers.Values.Where(s => s.Joined is not null).ToArray());
        if (ready.Length == 0 || state.Current.ModelStoredAt is not null)
        {
            return null;
        }
        var last = all.Max(s => s.InvitedAt);
        if (ready.Length < state.Current.Newcomers.Count && ready.Max(s => s.JoinedAt) is var prepared && prepared > last)
        {
            last = prepared;
        }
        return last + (Draining.AllDrain(state) ? TimeSpan.Zero : options.JoinDebounce);
    }

    public static void TakeIn(TransitionBuilder transition)
    {
        if (transition.Current.Newcomers.IsEmpty)
        {
            Note(transition);
            Draining.LetGo(transition);
        }
        else if (TakeInAt(transition.State, transition.Options) <= transition.Now)
        {
            // Where the job is about to end it ends without them.
            var ready = transition.Current.Newcomers.Values.Where(s => s.Joined is not null).Select(s => s.WorkerId);
            if (!Boundary.OpenRendezvous(transition, GenerationCause.WorkerJoined, $"{string.Join(", ", ready)} joins"))
            {
                transition.Current = transition.Current with { Newcomers = transition.Current.Newcomers.Clear() };
            }
        }
    }
}
