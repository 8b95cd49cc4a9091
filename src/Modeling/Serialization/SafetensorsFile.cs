using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace TrainingCluster.Modeling.Serialization;

/// <summary>An open safetensors file: its header in memory, its tensors on disk until read.</summary>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>Longest header that is believed, in bytes: the format's own limit.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly Dictionary<string, TensorEntry> _byName = new(StringComparer.Ordinal);

    internal SafetensorsFile(string path)
    {
        _path = path;
        _file = File.OpenHandle(path);
        try
        {
            (Entries, Metadata) = ReadHeader();
            foreach (var entry in Entries)
            {
                _byName.Add(entry.Name, entry);
            }
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>The header's texts; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The place of a tensor.</summary>
    /// <exception cref="InvalidDataException">The file has no tensor of that name.</exception>
    public TensorEntry this[string name] => _byName.TryGetValue(name, out var entry) ? entry : throw Damaged($"it has no tensor '{name}'");

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Reads a tensor's bytes into a span of exactly its length.</summary>
    /// <exception cref="InvalidDataException">No such tensor, or the file has become shorter.</exception>
    public void Read(string name, Span<byte> destination)
    {
        var entry = this[name];
        if (destination.Length != entry.Length)
        {
            throw new ArgumentException($"'{name}' has {entry.Length} bytes, the span {destination.Length}.", nameof(destination));
        }
        for (var done = 0; done < destination.Length; )
        {
            var read = RandomAccess.Read(_file, destination[done..], entry.Offset + done);
            if (read == 0)
            {
                throw Damaged($"it ends within the tensor '{name}'");
            }
            done += read;
        }
    }

    /// <summary>Reads a tensor.</summary>
    /// <exception cref="InvalidDataException">No such tensor, or the file has become shorter.</exception>
    public NamedTensor Read(string name)
    {
        var entry = this[name];
        var bytes = new byte[entry.Length];
        Read(name, bytes);
        return new NamedTensor(entry.Name, entry.Type, entry.Shape, bytes);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private (IReadOnlyList<TensorEntry>, IReadOnlyDictionary<string, string>) ReadHeader()
    {
        var length = RandomAccess.GetLength(_file);
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        if (length < prefix.Length || RandomAccess.Read(_file, prefix, 0) != prefix.Length)
        {
            throw Damaged("it is too short for a header");
        }
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > MaxHeaderBytes || (long)headerLength > length - prefix.Length)
        {
            throw Damaged($"its header says to be {headerLength} bytes long");
        }
        var header = new byte[headerLength];
        for (var done = 0; done < header.Length; )
        {
            var read = RandomAccess.Read(_file, header.AsSpan(done), prefix.Length + done);
            if (read == 0)
            {
                throw Damaged("it ends within the header");
            }
            done += read;
        }
        var data = prefix.Length + (long)headerLength;
        try
        {
            var parsed = SafetensorsHeader.Parse(header);
            return data + parsed.DataBytes == length
                ? ([.. parsed.Entries.Select(entry => entry with { Offset = data + entry.Offset })], parsed.Metadata)
                : throw new InvalidDataException($"it has {length} bytes where its header speaks of {data + parsed.DataBytes}");
        }
        catch (InvalidDataException error)
        {
            throw Damaged(error.Message);
        }
    }

    private InvalidDataException Damaged(string why) => new($"{_path} is not a whole safetensors file: {why}.");
}
