using TrainingCluster.Modeling.Serialization;
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

    /// <summary>One tensor a parameter and section: <c>weights/NAME</c>, <c>first_moment/NAME</c> and so on.</summary>
    public IReadOnlyList<NamedTensor> Tensors(FlatLayout layout) =>
        [.. _sections.SelectMany(section => Tensors(layout, section.Values, $"{section.Name}/"))];

    /// <summary>The parameters that lie in a flat buffer.</summary>
    public static IEnumerable<NamedTensor> Tensors(FlatLayout layout, Memory<float> values, string prefix = "") =>
        layout.Entries.Select(entry => new NamedTensor(
            prefix + entry.Name,
            "F32",
            entry.Shape,
            new ByteMemory(values.Slice(entry.Range.Offset, entry.Range.Length)).Memory
        ));
}
