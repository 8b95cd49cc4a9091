using System.Text;
using TrainingCluster.Modeling.Serialization;

namespace TrainingCluster.Worker.State;

/// <summary>
/// A training state as a safetensors file, exact to the bit: one tensor a section and parameter (<c>weights/NAME</c>,
/// <c>first_moment/NAME</c>, …), the counters in the header's metadata. The one format in which a state is kept in a checkpoint and
/// sent to a peer; stock tools read it. <see cref="StateDictReader"/> takes it in.
/// </summary>
internal sealed class StateDict
{
    /// <summary>The metadata that holds the counters, as JSON.</summary>
    internal const string ProgressKey = "training_progress";

    private readonly IReadOnlyList<ReadOnlyMemory<byte>> _pieces;

    private StateDict(IReadOnlyList<ReadOnlyMemory<byte>> pieces) => (_pieces, Length) = (pieces, pieces.Sum(piece => (long)piece.Length));

    /// <summary>Bytes of the file.</summary>
    public long Length { get; }

    /// <summary>Describes a state without copying it: its values are read when the bytes are.</summary>
    /// <param name="layout">Where each parameter lies.</param>
    /// <param name="sections">The flat buffers.</param>
    /// <param name="progress">The counters.</param>
    public static StateDict Of(FlatLayout layout, IEnumerable<StateSection> sections, TrainingProgress progress)
    {
        var metadata = new Dictionary<string, string> { [ProgressKey] = Encoding.UTF8.GetString(progress.ToJson()) };
        return new StateDict(
            Safetensors.Pieces([.. sections.SelectMany(section => Tensors(layout, section.Values, $"{section.Name}/"))], metadata)
        );
    }

    /// <summary>The parameters that lie in a flat buffer.</summary>
    public static IEnumerable<NamedTensor> Tensors(FlatLayout layout, Memory<float> values, string prefix = "") =>
        layout.Entries.Select(entry => new NamedTensor(
            prefix + entry.Name,
            "F32",
            entry.Shape,
            new ByteMemory(values.Slice(entry.Range.Offset, entry.Range.Length)).Memory
        ));

    /// <summary>Copies a part of the file.</summary>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="to">Filled up to the file's end.</param>
    /// <returns>Bytes copied.</returns>
    public int CopyTo(long offset, Span<byte> to)
    {
        var done = 0;
        foreach (var part in Parts(offset, offset + to.Length))
        {
            part.Span.CopyTo(to[done..]);
            done += part.Length;
        }
        return done;
    }

    /// <summary>Writes a part of the file.</summary>
    public void Write(Stream to, long from, long end)
    {
        foreach (var part in Parts(from, end))
        {
            to.Write(part.Span);
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Parts(long from, long end)
    {
        var at = 0L;
        foreach (var piece in _pieces)
        {
            var (first, last) = ((int)Math.Clamp(from - at, 0, piece.Length), (int)Math.Clamp(end - at, 0, piece.Length));
            if (first < last)
            {
                yield return piece[first..last];
            }
            at += piece.Length;
        }
    }
}
