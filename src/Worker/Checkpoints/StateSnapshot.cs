using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>A copy of a training state that stays as it is while training goes on. Its arrays are used again for the next one.</summary>
internal sealed class StateSnapshot
{
    private readonly List<float[]> _arrays = [];
    private List<(string Name, float[] Values)> _sections = [];

    public TrainingProgress Progress { get; private set; } = new();

    public void Take(TrainingState state) =>
        state.Read(current =>
        {
            var sections = current.Sections;
            while (_arrays.Count < sections.Count)
            {
                _arrays.Add(new float[current.Parameters.Layout.Length]);
            }
            for (var i = 0; i < sections.Count; i++)
            {
                sections[i].Values.CopyTo(_arrays[i]);
            }
            _sections = [.. sections.Select((section, i) => (section.Name, _arrays[i]))];
            Progress = current.Progress;
            return true;
        });

    /// <summary>The copy as a file.</summary>
    public StateDict ToStateDict(FlatLayout layout) =>
        StateDict.Of(layout, _sections.Select(section => new StateSection(section.Name, section.Values)), Progress);
}
