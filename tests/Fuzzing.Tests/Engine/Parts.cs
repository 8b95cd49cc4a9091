using System.Buffers.Binary;

namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>
/// Several byte strings in one input: each after its length in two bytes, little-endian. Any bytes are such a list: a length that goes
/// beyond the end means the rest.
/// </summary>
internal static class Parts
{
    public static byte[] Join(params IEnumerable<byte[]> parts)
    {
        var joined = new List<byte>();
        Span<byte> length = stackalloc byte[sizeof(ushort)];
        foreach (var part in parts)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(length, checked((ushort)part.Length));
            joined.AddRange(length);
            joined.AddRange(part);
        }
        return [.. joined];
    }

    public static List<byte[]> Split(ReadOnlySpan<byte> input)
    {
        var parts = new List<byte[]>();
        while (input.Length >= sizeof(ushort))
        {
            var length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(input), input.Length - sizeof(ushort));
            parts.Add(input.Slice(sizeof(ushort), length).ToArray());
            input = input[(sizeof(ushort) + length)..];
        }
        return parts;
    }

    /// <summary>A part; empty where there are fewer.</summary>
    public static byte[] At(this List<byte[]> parts, int index) => index < parts.Count ? parts[index] : [];
}
