using System.Collections.Immutable;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Jobs.Machine;

/// <summary>
/// Where the optimizer is sharded: which members together hold a whole state, and who holds which share from now on. A share of a
/// generation is held by two of its members.
/// </summary>
internal static class HeldShares
{
    /// <summary>Where to go on from: the newest step of which everything is there, or a checkpoint that is newer still.</summary>
    public static (long Step, string CheckpointId, ImmutableHashSet<string> Sources) Base(
        JobMachineState state,
        IReadOnlyCollection<GroupMember> holders
    )
    {
        var newest = holders
            .Select(s => s.Joined!.CompletedStep)
            .Distinct()
            .OrderDescending()
            .Where(step => step >= state.CheckpointStep || state.CheckpointId.Length == 0)
            .Select(step => (Step: step, Sources: holders.Where(s => IsAt(s.Joined!, step)).ToArray()))
            .FirstOrDefault(candidate => Suffice(candidate.Sources.Select(s => s.Joined!)));
        return newest.Sources is { } sources ? (newest.Step, "", sources.Select(s => s.WorkerId).ToImmutableHashSet(StringComparer.Ordinal))
            : state.CheckpointId.Length > 0 ? (state.CheckpointStep, state.CheckpointId, [])
            : (0, "", []);
    }

    /// <summary>What a member holds of the base step's state; null: nothing, or all.</summary>
    public static StateHolding? At(long step, RendezvousJoined? joined)
    {
        if (joined?.Holding is not { } holding || joined.CompletedStep == step)
        {
            return joined?.Holding;
        }
        // It does the step that it is prepared for by itself, but for its own shares only.
        var prepared = holding.Clone();
        prepared.WeightsWhole = false;
        return prepared;
    }

    /// <summary>Whether these hold the moments of all elements, and with them their weights.</summary>
    public static bool Suffice(IEnumerable<RendezvousJoined> holders)
    {
        var all = holders.ToArray();
        if (all.Length == 0 || all.Any(joined => joined.Holding is null))
        {
            return all.Length > 0;
        }
        var (length, end) = (all[0].Holding.Length, 0);
        foreach (var range in all.SelectMany(joined => joined.Holding.Moments).OrderBy(range => range.Offset))
        {
            if (range.Offset > end)
            {
                return false;
            }
            end = Math.Max(end, range.Offset + range.Length);
        }
        return end >= length;
    }

    /// <summary>Numbers the members that hold shares from now on: those that drain hold none, unless all do.</summary>
    public static void ShareOut(JobMachineState state, StartGeneration plan)
    {
        if (!state.Spec.Training.OptimizerSharding)
        {
            return;
        }
        var staying = plan.Members.Where(m => !state.Pool[m.WorkerId].Draining).ToArray();
        var share = 0;
        foreach (var member in staying.Length > 0 ? staying : [.. plan.Members])
        {
            member.Share = ++share;
        }
    }

    /// <summary>Whether workers that drain may hold what nobody else holds.</summary>
    public static bool DrainingMayHold(JobMachineState state) =>
        state.Spec.Training.OptimizerSharding && state.Pool.Values.Any(w => w is { Draining: true, Claim.HasState: true });

    /// <summary>Says so where members hold a newer step than the one that the job goes on from, but not all of it.</summary>
    public static void TellLoss(TransitionBuilder transition, long step)
    {
        var state = transition.State;
        var newest = state
            .Current.Members.Values.Where(s => s.Joined!.HasState)
            .Select(s => s.Joined!.CompletedStep)
            .DefaultIfEmpty(-1)
            .Max();
        if (!state.Spec.Training.OptimizerSharding || newest <= step || state.Plan is not { } plan)
        {
            return;
        }
        var sharers = plan.Members.Where(m => m.Share > 0).OrderBy(m => m.Share).ToArray();
        var gone = sharers.Select(m => state.Current.Members.GetValueOrDefault(m.WorkerId)?.Joined is not { HasState: true }).ToArray();
        // Share c is with the sharers c and c + 1.
        string[] pairs =
        [
            .. Enumerable
                .Range(0, sharers.Length)
                .Where(i => gone[i] && gone[(i + 1) % sharers.Length])
                .Select(i => $"{sharers[i].WorkerId} and {sharers[(i + 1) % sharers.Length].WorkerId}"),
        ];
        var who =
            pairs.Length > 0 ? $"both workers that held a share are gone: {string.Join("; ", pairs)}" : "some shares are with no worker";
        transition.Tell(
            Faults.Of(
                state,
                new(
                    FaultKind.StateLost,
                    [.. sharers.Where((_, i) => gone[i]).Select(m => m.WorkerId)],
                    $"the optimizer's state of step {newest} is not whole any more ({who})"
                ),
                state.CheckpointId.Length > 0 && step == state.CheckpointStep
                    ? $"the job goes on from checkpoint {state.CheckpointId}"
                    : $"the job goes on from {(step > 0 ? $"step {step}" : "the beginning")}",
                $"steps {step + 1} to {newest}, which are computed again"
            )
        );
    }

    private static bool IsAt(RendezvousJoined joined, long step) => joined.CompletedStep == step || joined.PreparedStep == step;
}
