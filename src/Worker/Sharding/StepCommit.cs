using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.State;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Sharding;

/// <summary>
/// How a step's update becomes the state. Where the optimizer is sharded (ZeRO-1, Rajbhandari et al. 2020), each member updates its
/// shares and takes the weights of the others from their holders, in an order that loses no share to a death:
/// <list type="number">
/// <item>a member that has the whole gradient and all totals says that it is prepared;</item>
/// <item>it updates its shares once all are: whoever dies from here on, the others can do the step by themselves;</item>
/// <item>it sends the weights of one share, and takes those that it does not hold.</item>
/// </list>
/// A member that was prepared when the group failed keeps the gradient; one whose weights are not whole knows it. The next
/// generation brings both to its base step (<see cref="ShardedRecovery"/>).
/// </summary>
internal sealed class StepCommit
{
    private readonly TrainingJob _job;
    private readonly CollectiveGroup _group;
    private readonly ShareLayout? _layout;
    private TimeSpan _ownPart;

    public StepCommit(TrainingJob job, CollectiveGroup group)
    {
        (_job, _group) = (job, group);
        var layout = job.ShardsOptimizer ? ShareLayout.Of(job.State.Parameters.Layout.Length, group.Plan) : null;
        _layout = layout is { IsWhole: false } ? layout : null;
    }

    /// <summary>How long the newest step waited for the others and took weights from them.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>1. The update could be applied here; returns when it can be applied everywhere.</summary>
    /// <param name="update">Its gradient stays as it is.</param>
    /// <param name="ownPart">How long this worker took for its own part of the step; time limits follow from it.</param>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public void Prepare(PreparedUpdate update, TimeSpan ownPart)
    {
        (_ownPart, Waited) = (ownPart, TimeSpan.Zero);
        _job.State.Prepare(update);
        if (_layout is null)
        {
            return;
        }
        var start = Stopwatch.GetTimestamp();
        _group.Options.Committing?.Invoke(CommitPhase.Preparing, update.After.Step);
        _group.Mailbox.AllGather(update.After.Step, MailboxTopic.Prepared, new Empty(), ownPart);
        Waited = Stopwatch.GetElapsedTime(start);
    }

    /// <summary>2. and 3. Applies the update that was prepared.</summary>
    /// <exception cref="CollectiveException">The group ended; the step is done here, but the weights may not be whole.</exception>
    public void Apply()
    {
        var state = _job.State;
        // 2.
        if (_layout is not null)
        {
            _group.Options.Committing?.Invoke(CommitPhase.Applying, state.Progress.Step + 1);
            // It stays prepared.
            _group.Detector.ThrowIfFailed();
        }
        if (!state.Commit() || _layout is null)
        {
            return;
        }
        // 3.
        var start = Stopwatch.GetTimestamp();
        var (weights, step) = (state.Parameters.Weights.Host, state.Progress.Step);
        _group.Options.Committing?.Invoke(CommitPhase.Gathering, step);
        var buffer = _group.Shares.Paths.NumberOf(weights);
        foreach (var (share, rank) in Sent())
        {
            _group.Shares.Send(rank, step, ShareSection.Weights, share, [Of(weights, share)], buffer);
        }
        _group.Shares.Collect(step, ShareSection.Weights, Missing(share => Of(weights, share)), _ownPart);
        if (!state.WeightsAreWhole)
        {
            state.WeightsArrived();
        }
        Waited += Stopwatch.GetElapsedTime(start);
    }

    /// <summary>
    /// Gathers the moments for those that store them in a checkpoint: all members call this after the same step, when nothing of the
    /// step is missing anywhere.
    /// </summary>
    /// <param name="isWriter">Whether a rank stores a checkpoint.</param>
    /// <returns>
    /// Given the moments of all elements, fills in those that others hold, or lets go of them where there is nothing to fill. Must be
    /// called once. Null: this worker needs none.
    /// </returns>
    public MomentGathering? SendMoments(Func<int, bool> isWriter)
    {
        if (_layout is not { } layout)
        {
            return null;
        }
        var (plan, step) = (_group.Plan, _job.State.Progress.Step);
        foreach (var (share, rank) in Sent().Where(piece => isWriter(piece.Rank)))
        {
            var pieces = _job.State.Moments.Pieces(layout.Range(share));
            var half = pieces.Count / 2;
            _group.Shares.Send(rank, step, ShareSection.FirstMoment, share, pieces.Take(half));
            _group.Shares.Send(rank, step, ShareSection.SecondMoment, share, pieces.Skip(half));
        }
        return isWriter(plan.OwnRank) ? new MomentGathering(Fill) : null;

        void Fill(Memory<float> first, Memory<float> second)
        {
            _group.Shares.Collect(step, ShareSection.FirstMoment, Missing(share => Of(first, share)), _ownPart);
            _group.Shares.Collect(step, ShareSection.SecondMoment, Missing(share => Of(second, share)), _ownPart);
        }
    }

    /// <summary>The shares that this worker sends, and to whom.</summary>
    private IEnumerable<(int Share, int Rank)> Sent()
    {
        var plan = _group.Plan;
        return from share in Enumerable.Range(0, _layout!.Count)
            where _layout.Sender(share) == plan.OwnRank
            from i in Enumerable.Range(1, plan.Workers - 1)
            let rank = (plan.OwnRank + i) % plan.Workers
            where !_layout.Holds(rank, share)
            select (share, rank);
    }

    private List<ExpectedShare> Missing(Func<int, Memory<float>> place) =>
        [
            .. Enumerable
                .Range(0, _layout!.Count)
                .Where(share => !_layout.Holds(_group.Plan.OwnRank, share))
                .Select(share => new ExpectedShare(share, _layout.Sender(share), place(share), _layout.Range(share).Offset)),
        ];

    private Memory<float> Of(Memory<float> values, int share)
    {
        var range = _layout!.Range(share);
        return values.Slice(range.Offset, range.Length);
    }
}

/// <summary>Fills in the moments that others hold, given the two moments of all elements.</summary>
internal delegate void MomentGathering(Memory<float> first, Memory<float> second);
