using System.Buffers.Binary;
using System.Text.Json;

namespace TrainingCluster.Modeling.Serialization;

/// <summary>
/// The safetensors format (https://github.com/huggingface/safetensors): eight bytes of header length, a JSON header
/// that names type, shape and place of every tensor, then the tensors' bytes without gaps. What is written here is
/// read by Python's stock <c>safetensors</c> library and the other way round.
/// </summary>
public static class Safetensors
{
    /// <summary>Writes the tensors in the order given. The stream is not closed.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="tensors">Names must be unique; bytes must fit type and shape.</param>
    /// <param name="metadata">Texts for the header, or null for none.</param>
    /// <exception cref="ArgumentException">A name appears twice, a type is unknown or the bytes do not fit.</exception>
    public static void Write(Stream stream, IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        foreach (var piece in Pieces(tensors, metadata))
        {
            stream.Write(piece.Span);
        }
    }

    /// <summary>The bytes of the file, piece by piece: for those who write a part of it, or want its checksum without writing it.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Pieces(
        IReadOnlyList<NamedTensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var header = Header(tensors, metadata);
        var length = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        return [length, header, .. tensors.Select(tensor => tensor.Bytes)];
    }

    /// <summary>
    /// Writes a file; an existing one is replaced. See
    /// <see cref="Write(Stream, IReadOnlyList{NamedTensor}, IReadOnlyDictionary{string, string}?)"/>.
    /// </summary>
    public static void Write(string path, IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
        Write(stream, tensors, metadata);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Opens a file and reads its header; tensors are read when asked for.</summary>
    /// <exception cref="InvalidDataException">The file is no whole safetensors file; the message says why.</exception>
    public static SafetensorsFile Open(string path) => new(path);

    /// <summary>Bytes of one element of a type.</summary>
    /// <exception cref="ArgumentException">The format has no such type.</exception>
    public static int ElementSize(string type) =>
        type switch
        {
            "F64" or "I64" or "U64" => 8,
            "F32" or "I32" or "U32" => 4,
            "F16" or "BF16" or "I16" or "U16" => 2,
            "I8" or "U8" or "BOOL" => 1,
            _ => throw new ArgumentException($"'{type}' is not an element type of safetensors.", nameof(type)),
        };

    private static byte[] Header(IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }
                json.WriteEndObject();
            }
            var names = new HashSet<string>(StringComparer.Ordinal);
            long offset = 0;
            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                {
                    throw new ArgumentException($"The tensor '{tensor.Name}' is given twice.", nameof(tensors));
                }
                var expected = tensor.Shape.Aggregate((long)ElementSize(tensor.Type), (size, side) => checked(size * side));
                if (expected != tensor.Bytes.Length)
                {
                    throw new ArgumentException(
                        $"The tensor '{tensor.Name}' of type {tensor.Type} and shape [{string.Join(", ", tensor.Shape)}] takes "
                            + $"{expected} bytes, not {tensor.Bytes.Length}.",
                        nameof(tensors)
                    );
                }
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type);
                json.WriteStartArray("shape");
                foreach (var side in tensor.Shape)
                {
                    json.WriteNumberValue(side);
                }
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += expected);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces up to a multiple of eight: the tensors' bytes then start aligned for readers that map the file.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }
        return buffer.ToArray();
    }
}
