using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>A coordinator that came back finds the last generation still training, or broken.</summary>
internal static class Recovery
{
    /// <summary>After a restart of the coordinator: if every member still trains, the generation goes on as if nothing had been.</summary>
    public static void Adopt(TransitionBuilder transition)
    {
        if (transition.State.Plan is not { } plan)
        {
            GiveUp(transition);
            return;
        }
        var still = plan.Members.All(m =>
            transition.State.Pool.TryGetValue(m.WorkerId, out var w)
            && w.Incarnation == m.Incarnation
            && w.Claim is { Training: true } claim
            && claim.Generation == plan.Generation
        );
        if (!still)
        {
            var there = plan.Members.Where(m => transition.State.Pool.ContainsKey(m.WorkerId)).ToArray();
            var broken = there.Any(m =>
                transition.State.Pool[m.WorkerId] is var w
                && (w.Incarnation != m.Incarnation || w.Claim is not { Training: true } claim || claim.Generation != plan.Generation)
            );
            // Nothing to adopt any more: call whoever is there, after a moment for the others to report.
            if (broken && there.Length == plan.Members.Count)
            {
                GiveUp(transition);
            }
            else if (broken)
            {
                transition.Current = transition.Current with
                {
                    RecoverUntil = transition.Current.RecoverUntil ?? transition.Now + transition.Options.RecoverDebounce,
                };
            }
            return;
        }
        transition.Current = transition.Current with
        {
            Members = plan.Members.ToImmutableSortedDictionary(
                m => m.WorkerId,
                m => new GroupMember(m.WorkerId, m.Incarnation) { Acknowledged = true, Started = true },
                StringComparer.Ordinal
            ),
            AllStartedAt = transition.Now,
            RecoverUntil = null,
        };
        transition.Change = transition.Change with { NoticedAt = null };
        transition.State = transition.State with
        {
            // A job that an older program stored does not say it.
            Arithmetic = transition.State.Arithmetic ?? transition.State.Pool.Values.First().Arithmetic,
            LastHeard = transition.Now,
        };
        transition.Enter(JobPhase.Running, $"the coordinator came back; generation {plan.Generation} went on without it");
        transition.Log(LogSeverity.Info, "coordinator", transition.State.Reason);
        Newcomers.Note(transition);
        Draining.LetGo(transition);
    }

    public static void GiveUp(TransitionBuilder transition)
    {
        const string Reason = "the last generation did not outlive the coordinator's absence";
        var before = transition.State;
        Rendezvous.Open(transition, GenerationCause.CoordinatorRestarted, Reason);
        if (before.Plan is { } plan)
        {
            var missing = plan.Members.Where(m => !Pool.IsThere(before, new(m.WorkerId, m.Incarnation))).Select(m => m.WorkerId);
            transition.Tell(before, new(FaultKind.CoordinatorRestarted, [.. missing], Reason));
        }
    }
}
