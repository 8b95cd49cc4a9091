using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace TrainingCluster.Worker.State;

/// <summary>A named flat buffer of the training state.</summary>
/// <param name="Name">Its role: <c>weights</c>, <c>first_moment</c>, <c>second_moment</c>, <c>best</c> or <c>recent.N</c>.</param>
/// <param name="Values">Laid out as the parameters are.</param>
public sealed record StateSection(string Name, Memory<float> Values)
{
    internal static void AppendTo(IncrementalHash hash, IEnumerable<StateSection> sections)
    {
        foreach (var section in sections)
        {
            hash.AppendData(MemoryMarshal.AsBytes(section.Values.Span));
        }
    }
}
