using TrainingCluster.Modeling.Native;
using TrainingCluster.Worker.Sharding;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>
/// A training state that stays as it is while training goes on: what steps change is copied, into memory that is only held until it has
/// been written; what evaluations keep does not change.
/// </summary>
internal sealed class StateSnapshot
{
    private TrainingState? _state;
    private IReadOnlyList<MappedMemory> _copies = [];
    private IReadOnlyList<StateSection> _evaluations = [];

    public TrainingProgress Progress { get; private set; } = new();

    /// <summary>Takes a state; <see cref="Release"/> what was taken before first.</summary>
    /// <param name="state">The state.</param>
    /// <param name="others">
    /// Where the optimizer is sharded: fills in the moments that others hold, given the two moments of all elements.
    /// </param>
    public void Take(TrainingState state, MomentGathering? others = null)
    {
        var copies = new List<MappedMemory>();
        _copies = copies;
        try
        {
            while (copies.Count < 3)
            {
                copies.Add(MappedMemory.Anonymous(state.Parameters.Layout.Length));
            }
            var (weights, first, second) = (copies[0].Memory, copies[1].Memory, copies[2].Memory);
            _state = state.Read(current =>
            {
                current.Parameters.Weights.Host.CopyTo(weights);
                foreach (var (range, heldFirst, heldSecond) in current.Moments.Held)
                {
                    heldFirst.CopyTo(first[range.Offset..]);
                    heldSecond.CopyTo(second[range.Offset..]);
                }
                Progress = current.Progress;
                _evaluations = current.BeginReadEvaluations();
                return current;
            });
            others?.Invoke(first, second);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>What was taken is not needed any more.</summary>
    public void Release()
    {
        _state?.EndReadEvaluations();
        foreach (var copy in _copies)
        {
            copy.Dispose();
        }
        (_state, _copies, _evaluations) = (null, [], []);
    }

    /// <summary>What was taken as a file.</summary>
    public StateDict ToStateDict(FlatLayout layout) =>
        StateDict.Of(layout, [.. TrainingState.StepSections([.. _copies.Select(copy => copy.Memory)]), .. _evaluations], Progress);
}
