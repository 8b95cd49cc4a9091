namespace TrainingCluster.Modeling.Serialization;

/// <summary>One tensor of a safetensors file, as raw little-endian bytes.</summary>
/// <param name="Name">Unique within the file.</param>
/// <param name="Type">The element type's name in the format: F32, F64, F16, BF16, I64, I32, I16, I8, U8 or BOOL.</param>
/// <param name="Shape">Row-major; empty for a scalar.</param>
/// <param name="Bytes">Exactly the product of the shape times the element's size.</param>
public sealed record NamedTensor(string Name, string Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Bytes);

/// <summary>Where one tensor lies in a safetensors file.</summary>
/// <param name="Name">Unique within the file.</param>
/// <param name="Type">The element type's name in the format.</param>
/// <param name="Shape">Row-major; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record TensorEntry(string Name, string Type, IReadOnlyList<long> Shape, long Offset, long Length);
