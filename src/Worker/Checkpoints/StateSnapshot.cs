using TrainingCluster.Worker.Sharding;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>A copy of a training state that stays as it is while training goes on. Its arrays are used again for the next one.</summary>
internal sealed class StateSnapshot
{
    private readonly List<float[]> _arrays = [];
    private List<(string Name, float[] Values)> _sections = [];

    public TrainingProgress Progress { get; private set; } = new();

    /// <summary>Copies a state.</summary>
    /// <param name="state">The state.</param>
    /// <param name="others">
    /// Where the optimizer is sharded: fills in the moments that others hold, given the two moments of all elements.
    /// </param>
    public void Take(TrainingState state, MomentGathering? others = null)
    {
        var length = state.Parameters.Layout.Length;
        float[] Array(int index)
        {
            while (_arrays.Count <= index)
            {
                _arrays.Add(new float[length]);
            }
            return _arrays[index];
        }

        state.Read(current =>
        {
            foreach (var (range, first, second) in current.Moments.Held)
            {
                first.CopyTo(Array(1).AsSpan(range.Offset));
                second.CopyTo(Array(2).AsSpan(range.Offset));
            }
            _sections = [];
            foreach (var section in current.SectionsOver(Array(1), Array(2)))
            {
                var to = Array(_sections.Count);
                if (_sections.Count is not (1 or 2))
                {
                    section.Values.CopyTo(to);
                }
                _sections.Add((section.Name, to));
            }
            Progress = current.Progress;
            return true;
        });
        others?.Invoke(Array(1), Array(2));
    }

    /// <summary>The copy as a file.</summary>
    public StateDict ToStateDict(FlatLayout layout) =>
        StateDict.Of(layout, _sections.Select(section => new StateSection(section.Name, section.Values)), Progress);
}
