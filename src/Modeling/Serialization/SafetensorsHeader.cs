using System.Text.Json;

namespace TrainingCluster.Modeling.Serialization;

/// <summary>The JSON header of a safetensors file: what tensors there are, and where their bytes lie.</summary>
/// <param name="Entries">In the order of their bytes; offsets count from the end of the header.</param>
/// <param name="Metadata">The texts of <c>__metadata__</c>; empty when there is none.</param>
/// <param name="DataBytes">Bytes after the header.</param>
public sealed record SafetensorsHeader(IReadOnlyList<TensorEntry> Entries, IReadOnlyDictionary<string, string> Metadata, long DataBytes)
{
    /// <summary>Reads a header.</summary>
    /// <exception cref="InvalidDataException">It is none; the message says why, without a name and without a full stop.</exception>
    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> header)
    {
        try
        {
            using var json = JsonDocument.Parse(header);
            return Parse(json.RootElement);
        }
        catch (Exception error)
            when (error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or OverflowException)
        {
            throw new InvalidDataException($"its header does not make sense ({error.Message})", error);
        }
    }

    private static SafetensorsHeader Parse(JsonElement root)
    {
        var entries = new List<TensorEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in root.EnumerateObject())
        {
            if (property.Name == "__metadata__")
            {
                foreach (var text in property.Value.EnumerateObject())
                {
                    metadata[text.Name] = text.Value.GetString() ?? "";
                }
                continue;
            }
            if (!names.Add(property.Name))
            {
                throw new InvalidDataException($"the tensor '{property.Name}' is there twice");
            }
            entries.Add(Entry(property));
        }
        // An empty tensor shares its offset with its neighbour: the shorter one comes first.
        entries.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Length.CompareTo(b.Length));
        var next = 0L;
        foreach (var entry in entries)
        {
            if (entry.Offset != next)
            {
                throw new InvalidDataException($"there is a gap or an overlap before the tensor '{entry.Name}'");
            }
            next += entry.Length;
        }
        return new SafetensorsHeader(entries, metadata, next);
    }

    private static TensorEntry Entry(JsonProperty property)
    {
        var type = property.Value.GetProperty("dtype").GetString() ?? "";
        var shape = property.Value.GetProperty("shape").EnumerateArray().Select(side => side.GetInt64()).ToArray();
        var offsets = property.Value.GetProperty("data_offsets");
        if (offsets.GetArrayLength() != 2)
        {
            throw new InvalidDataException($"the tensor '{property.Name}' has no place");
        }
        var (begin, end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
        int elementSize;
        try
        {
            elementSize = Safetensors.ElementSize(type);
        }
        catch (ArgumentException)
        {
            throw new InvalidDataException($"the tensor '{property.Name}' has the unknown type '{type}'");
        }
        if (
            shape.Any(side => side < 0)
            || begin < 0
            || end - begin != shape.Aggregate((long)elementSize, (size, side) => checked(size * side))
        )
        {
            throw new InvalidDataException($"the tensor '{property.Name}' does not fit its place");
        }
        return new TensorEntry(property.Name, type, shape, begin, end - begin);
    }
}
