using System.Collections.Immutable;
using TrainingCluster.Coordinator.Planning;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>The plan of a generation: where it goes on from, who belongs to it, and who computes which shards.</summary>
internal static class Plans
{
    public static void Send(TransitionBuilder transition)
    {
        var (step, checkpoint, sources) = Base(transition.State);
        HeldShares.TellLoss(transition, step);
        var shards = transition.State.Spec.Training.LogicalShards;
        // With more members than shards those that hold the state come first: the others need them to take it from.
        var chosen = Staying(transition.State, sources)
            .OrderByDescending(s => sources.Contains(s.WorkerId))
            .ThenBy(s => s.WorkerId, StringComparer.Ordinal)
            .Take(shards)
            .ToArray();
        var plan = ShardPlanner.Plan(shards, [.. chosen.Select(s => new ShardCandidate(s.WorkerId, Speed(transition.State, s.WorkerId)))]);
        var message = new StartGeneration
        {
            JobId = transition.State.JobId,
            Generation = transition.State.Generation,
            BaseStep = step,
            CheckpointId = checkpoint,
            GroupToken = GroupToken.Of(transition.Options.TokenKey, transition.State.JobId, transition.State.Generation),
            Reason = $"{transition.State.Reason}; {plan.Reason}",
        };
        message.Members.AddRange(
            plan.Ranges.Select(r => new GenerationMember
            {
                WorkerId = r.WorkerId,
                Incarnation = transition.Current.Members[r.WorkerId].Incarnation,
                Rank = r.Rank,
                CollectiveAddress = transition.State.Pool[r.WorkerId].CollectiveAddress,
                FirstShard = r.FirstShard,
                ShardCount = r.ShardCount,
                HasBaseState = sources.Contains(r.WorkerId),
                Holding = HeldShares.At(step, sources.Contains(r.WorkerId) ? transition.Current.Members[r.WorkerId].Joined : null),
            })
        );
        HeldShares.ShareOut(transition.State, message);
        transition.State = transition.State with { Plan = message, LastHeard = transition.Now };
        transition.Current = transition.Current with
        {
            PlanSentAt = transition.Now,
            FinishStep = 0,
            InvitationRepeated = false,
            Members = transition.Current.Members.RemoveRange(
                transition.Current.Members.Keys.Except(chosen.Select(s => s.WorkerId), StringComparer.Ordinal)
            ),
        };
        if (transition.State.Progress.Step - step is > 0 and var again)
        {
            transition.Discard(again);
        }
        LedgerNotes.NotePlan(transition, message);
        transition.Enter(JobPhase.Starting, message.Reason);
        foreach (var member in message.Members)
        {
            transition.Send(member.WorkerId, message);
        }
    }

    /// <summary>Where to go on from: the newest state that anyone holds, or a checkpoint that is newer still.</summary>
    private static (long Step, string CheckpointId, ImmutableHashSet<string> Sources) Base(JobMachineState state)
    {
        var holders = state.Current.Members.Values.Where(s => s.Joined!.HasState).ToArray();
        if (state.Spec.Training.OptimizerSharding)
        {
            return HeldShares.Base(state, holders);
        }
        // Of those at the greatest step, those that have evaluated it too hold more: the rest take the state from them.
        var newest = holders.Select(s => (s.Joined!.CompletedStep, s.Joined.StepEvaluated)).DefaultIfEmpty((-1, false)).Max();
        if (state.CheckpointId.Length > 0 && state.CheckpointStep > newest.Item1)
        {
            return (state.CheckpointStep, state.CheckpointId, []);
        }
        if (holders.Length == 0)
        {
            return (0, "", []);
        }
        var sources = holders.Where(s => (s.Joined!.CompletedStep, s.Joined.StepEvaluated) == newest).Select(s => s.WorkerId);
        return (newest.Item1, "", sources.ToImmutableHashSet(StringComparer.Ordinal));
    }

    /// <summary>The members of the plan: those that drain are let go, unless they alone hold the state.</summary>
    private static IEnumerable<GroupMember> Staying(JobMachineState state, ImmutableHashSet<string> sources)
    {
        var staying = state.Current.Members.Values.Where(s => !state.Pool[s.WorkerId].Draining).ToArray();
        var handedOver =
            sources.IsEmpty
            || (
                state.Spec.Training.OptimizerSharding
                    ? HeldShares.Suffice(staying.Where(s => sources.Contains(s.WorkerId)).Select(s => s.Joined!))
                    : staying.Any(s => sources.Contains(s.WorkerId))
            );
        return staying.Length > 0 && handedOver ? staying : state.Current.Members.Values;
    }

    public static ImmutableSortedDictionary<string, double> WithSpeed(JobMachineState state, string workerId, double shardsPerSecond) =>
        shardsPerSecond > 0 && double.IsFinite(shardsPerSecond) ? state.Speeds.SetItem(workerId, shardsPerSecond) : state.Speeds;

    private static double? Speed(JobMachineState state, string workerId) =>
        state.Speeds.TryGetValue(workerId, out var speed) ? speed : null;
}
