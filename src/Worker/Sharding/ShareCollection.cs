using Grpc.Core;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.State;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Sharding;

/// <summary>
/// Where the optimizer is sharded and nobody trains any more: collects what the other members of the last generation hold, for the
/// one that stores the whole state.
/// </summary>
internal sealed class ShareCollection
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly StartGeneration _start;
    private readonly ProcessGroup _plan;
    private readonly TrainingState _state;
    private readonly CollectiveOptions _options;
    private readonly FlatRange _all;
    private readonly MomentRange _taken;
    private IReadOnlyList<FlatRange> _weights = [];
    private IReadOnlyList<FlatRange> _moments = [];
    private string _problem = "nobody answered";

    /// <summary>A part of the state could not be had.</summary>
    public sealed class IncompleteException(string message) : Exception(message);

    private ShareCollection(TrainingJob job, StartGeneration start, string own, CollectiveOptions options)
    {
        (_start, _state, _options) = (start, job.State, options);
        _plan = ProcessGroup.From(start, own, job.Spec.Training.LogicalShards);
        _all = new FlatRange(0, _state.Moments.Length);
        _taken = Moments.New(_all);
        NoteMissing();
    }

    /// <summary>Collects what this worker lacks of the state.</summary>
    /// <param name="loaded">The job; its generation has ended here.</param>
    /// <param name="options">For connections to peers.</param>
    /// <param name="own">This worker's id.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    /// <returns>Fills in the moments that others hold; null: all are here.</returns>
    /// <exception cref="IncompleteException">Something could not be had in time.</exception>
    public static async Task<MomentGathering?> RunAsync(
        LoadedJob loaded,
        CollectiveOptions options,
        string own,
        CancellationToken cancellationToken
    )
    {
        if (loaded is not { Start: { } start, Job: { } job, Holding: { } holding } || ShardedRecovery.IsWhole(holding))
        {
            return null;
        }
        var collection = new ShareCollection(job, start, own, options);
        try
        {
            await collection.CollectAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            throw new IncompleteException(
                $"the shares of the optimizer's state could not be collected in time; lastly: {collection._problem}"
            );
        }
        return collection.Fill;
    }

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var rank in _plan.Peers)
            {
                await AskAsync(rank, cancellationToken);
            }
            if (_weights.Count + _moments.Count == 0)
            {
                break;
            }
            if (_state.Prepared is { } prepared && await AnyIsAtAsync(prepared.After.Step, cancellationToken))
            {
                // That one has heard that all were prepared: the step counts as done.
                _state.Commit();
                NoteMissing();
            }
            await Task.Delay(s_pause, cancellationToken);
        }

        if (!_state.WeightsAreWhole)
        {
            _state.WeightsArrived();
        }
        // They need not wait for this worker any longer.
        foreach (var rank in _plan.Peers)
        {
            await TryAsync(rank, new(rank, [], []), _state.Progress.Step, [], cancellationToken);
        }
    }

    private async Task AskAsync(int rank, CancellationToken cancellationToken)
    {
        var shares = ShareLayout.Of(_all.Length, _plan).RangesOf(rank);
        var fetch = new Fetch(
            rank,
            Ranges.Without(_weights, Ranges.Without(_weights, shares)),
            Ranges.Without(_moments, Ranges.Without(_moments, shares))
        );
        var parts = PartTransfer.Parts(fetch.Weights, fetch.Moments, withEvaluations: false);
        if (fetch.Weights.Count + fetch.Moments.Count > 0 && await TryAsync(rank, fetch, _state.Progress.Step, parts, cancellationToken))
        {
            _weights = Ranges.Without(_weights, fetch.Weights);
            _moments = Ranges.Without(_moments, fetch.Moments);
        }
    }

    /// <summary>Whether a peer has applied the update of a step; asked for no value, it does nothing for it.</summary>
    private async Task<bool> AnyIsAtAsync(long step, CancellationToken cancellationToken)
    {
        foreach (var rank in _plan.Peers)
        {
            if (await TryAsync(rank, new(rank, [], []), step, PartTransfer.Parts([default], [], withEvaluations: false), cancellationToken))
            {
                return true;
            }
        }
        return false;
    }

    private async Task<bool> TryAsync(int rank, Fetch fetch, long step, IEnumerable<StatePart> parts, CancellationToken cancellationToken)
    {
        var request = PartTransfer.Request(_start, step, storing: true);
        request.Parts.AddRange(parts);
        try
        {
            await PartTransfer.FetchAsync(
                _plan.Members[rank].Address,
                _start.GroupToken,
                request,
                (_, _) => Places(fetch),
                _options,
                cancellationToken
            );
            return true;
        }
        catch (Exception e) when (e is RpcException or InvalidDataException && !cancellationToken.IsCancellationRequested)
        {
            _problem = $"{_plan.Members[rank].WorkerId}: {(e as RpcException)?.Status.Detail ?? e.Message}";
            return false;
        }
        catch (RpcException e) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
    }

    private IReadOnlyList<Memory<float>> Places(Fetch fetch) =>
        [
            .. fetch.Weights.Select(range => _state.Parameters.Weights.Host.Slice(range.Offset, range.Length)),
            .. fetch.Moments.SelectMany(range =>
                new[] { _taken.First.AsMemory(range.Offset, range.Length), _taken.Second.AsMemory(range.Offset, range.Length) }
            ),
        ];

    private void NoteMissing()
    {
        var held = _state.Moments.Held.Select(range => range.Range).ToList();
        _weights = _state.WeightsAreWhole ? [] : Ranges.Without([_all], held);
        _moments = Ranges.Without([_all], held);
    }

    private void Fill(Memory<float> first, Memory<float> second)
    {
        foreach (var range in Ranges.Without([_all], _state.Moments.Held.Select(held => held.Range)))
        {
            _taken.First.AsMemory(range.Offset, range.Length).CopyTo(first[range.Offset..]);
            _taken.Second.AsMemory(range.Offset, range.Length).CopyTo(second[range.Offset..]);
        }
    }
}
