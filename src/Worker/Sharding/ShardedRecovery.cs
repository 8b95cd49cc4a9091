using Grpc.Core;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.State;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Sharding;

/// <summary>
/// Brings a worker's part of a sharded state to the step from which a generation goes on: first what it can do by itself, then
/// what it takes from the members that hold it. What it held before stays as it is until all have what they need.
/// </summary>
internal static class ShardedRecovery
{
    /// <summary>What is here of the state.</summary>
    public static StateHolding Describe(TrainingState state) =>
        state.Read(current =>
        {
            var holding = new StateHolding { WeightsWhole = current.WeightsAreWhole, Length = current.Moments.Length };
            holding.Moments.AddRange(Ranges.ToProto(Held(current)));
            return holding;
        });

    /// <summary>Whether that is all.</summary>
    public static bool IsWhole(StateHolding holding) =>
        holding.WeightsWhole && Ranges.Cover(Ranges.Of(holding.Moments, holding.Length), new FlatRange(0, holding.Length));

    /// <summary>Lets go of a state that is behind a generation which begins from the seed: the model is made anew.</summary>
    public static void ForgetForSeed(LoadedJob loaded, StartGeneration start)
    {
        if (
            loaded is { HasState: true, Job.ShardsOptimizer: true }
            && start.CheckpointId.Length == 0
            && !start.Members.Any(member => member.HasBaseState)
        )
        {
            loaded.HasState = false;
        }
    }

    /// <summary>Before peers ask: applies the update that this member was prepared for, or gives it up.</summary>
    /// <param name="state">Its state.</param>
    /// <param name="holdsState">Whether that is one.</param>
    /// <param name="start">The generation.</param>
    /// <param name="own">This worker's id.</param>
    /// <returns>Whether its state is one of the generation's base step.</returns>
    public static bool Resolve(TrainingState state, bool holdsState, StartGeneration start, string own)
    {
        var holds = holdsState && start.Members.Any(member => member.WorkerId == own && member.HasBaseState);
        if (holds && state.Prepared?.After.Step == start.BaseStep)
        {
            state.Commit();
        }
        state.Discard();
        if (holds && state.Progress.Step == start.BaseStep)
        {
            return true;
        }
        // The initial weights stay, should the seed be all that there is.
        if (start.CheckpointId.Length > 0 || start.Members.Any(member => member.HasBaseState))
        {
            state.Forget();
        }
        return false;
    }

    /// <summary>Takes from the members what this one lacks.</summary>
    /// <param name="job">Its state.</param>
    /// <param name="holdsState">Whether that is one of the base step (<see cref="Resolve"/>).</param>
    /// <param name="start">The generation.</param>
    /// <param name="plan">The same, read.</param>
    /// <param name="options">For connections to peers.</param>
    /// <param name="cancellationToken">Ends it; what was held before stays whole.</param>
    /// <returns>Where it is from, and the bytes taken; null: no member holds anything, so it is to be had elsewhere.</returns>
    /// <exception cref="StateRecovery.NoStateException">A part of it is nowhere to be had.</exception>
    public static async Task<RecoveredState?> RunAsync(
        TrainingJob job,
        bool holdsState,
        StartGeneration start,
        ProcessGroup plan,
        CollectiveOptions options,
        CancellationToken cancellationToken
    )
    {
        var state = job.State;
        var all = new FlatRange(0, state.Moments.Length);
        var holdings = start.Members.OrderBy(member => member.Rank).Select(member => Of(member, all)).ToList();
        if (!holdsState && holdings.All(holding => holding is null))
        {
            return null;
        }
        holdings[plan.OwnRank] = null;
        var layout = ShareLayout.Of(all.Length, plan);
        var weights = state.WeightsAreWhole ? [] : Ranges.Without([all], Held(state));
        var moments = Ranges.Without(layout.RangesOf(plan.OwnRank), Held(state));
        var incomplete = weights.Count > 0;
        TrainingProgress? progress = null;
        Exception? last = null;
        var bytes = 0L;
        while (true)
        {
            RecoveryPlan.Make(plan.OwnRank, holdings, weights, moments, out var fetches, out var lost);
            if (lost.Count > 0)
            {
                throw new StateRecovery.NoStateException(
                    $"{lost.Sum(range => (long)range.Length)} floats of the state of step {start.BaseStep} are with no member; lastly: "
                        + last?.Message,
                    last
                );
            }
            if (fetches.Count == 0)
            {
                break;
            }
            foreach (var fetch in fetches)
            {
                try
                {
                    var (count, counters) = await PartTransfer.FetchAsync(
                        state,
                        plan.Members[fetch.Source].Address,
                        start,
                        fetch,
                        withEvaluations: !holdsState && progress is null,
                        options,
                        cancellationToken
                    );
                    (bytes, progress) = (bytes + count, counters);
                    weights = Ranges.Without(weights, fetch.Weights);
                    moments = Ranges.Without(moments, fetch.Moments);
                }
                catch (Exception e) when (e is RpcException { StatusCode: not StatusCode.Cancelled } or InvalidDataException)
                {
                    (holdings[fetch.Source], last) = (null, e);
                }
            }
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (!holdsState)
        {
            state.Received(progress!);
        }
        else if (incomplete)
        {
            state.WeightsArrived();
        }
        return new RecoveredState(bytes > 0 ? RecoverySource.Peer : RecoverySource.Own, bytes);
    }

    private static IEnumerable<FlatRange> Held(TrainingState state) => Ranges.Joined(state.Moments.Held.Select(held => held.Range));

    private static Holding? Of(GenerationMember member, FlatRange all)
    {
        if (!member.HasBaseState)
        {
            return null;
        }
        if (member.Holding is not { } holding)
        {
            return new Holding(true, [all]);
        }
        return holding.Length == all.Length
            ? new Holding(holding.WeightsWhole, Ranges.Of(holding.Moments, holding.Length))
            : throw new InvalidDataException($"{member.WorkerId} holds a state of {holding.Length} floats, not {all.Length}.");
    }
}
