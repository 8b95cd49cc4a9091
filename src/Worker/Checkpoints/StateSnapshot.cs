using TrainingCluster.Worker.Sharding;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>
/// A training state that stays as it is while training goes on: what steps change is copied, into arrays that serve again for the next
/// one; what evaluations keep does not change.
/// </summary>
internal sealed class StateSnapshot
{
    private TrainingState? _state;
    private float[][] _copies = [];
    private IReadOnlyList<StateSection> _evaluations = [];

    public TrainingProgress Progress { get; private set; } = new();

    /// <summary>Takes a state; <see cref="Release"/> what was taken before first.</summary>
    /// <param name="state">The state.</param>
    /// <param name="others">
    /// Where the optimizer is sharded: fills in the moments that others hold, given the two moments of all elements.
    /// </param>
    public void Take(TrainingState state, MomentGathering? others = null)
    {
        var length = state.Parameters.Layout.Length;
        if (_copies.Length == 0 || _copies[0].Length != length)
        {
            _copies = [new float[length], new float[length], new float[length]];
        }
        var (weights, first, second) = (_copies[0], _copies[1], _copies[2]);
        _state = state.Read(current =>
        {
            current.Parameters.Weights.Host.CopyTo(weights);
            foreach (var (range, heldFirst, heldSecond) in current.Moments.Held)
            {
                heldFirst.CopyTo(first.AsSpan(range.Offset));
                heldSecond.CopyTo(second.AsSpan(range.Offset));
            }
            Progress = current.Progress;
            _evaluations = current.BeginReadEvaluations();
            return current;
        });
        try
        {
            others?.Invoke(first, second);
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>What was taken is stored.</summary>
    public void Release()
    {
        _state?.EndReadEvaluations();
        (_state, _evaluations) = (null, []);
    }

    /// <summary>What was taken as a file.</summary>
    public StateDict ToStateDict(FlatLayout layout) =>
        StateDict.Of(layout, [.. TrainingState.StepSections(_copies[0], _copies[1], _copies[2]), .. _evaluations], Progress);
}
