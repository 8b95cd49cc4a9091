using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.State;

/// <summary>
/// Takes a <see cref="StateDict"/> in as its bytes come, from a file or a peer, straight into a state's buffers. The state is
/// unusable until <see cref="Complete"/> has returned.
/// </summary>
internal sealed class StateDictReader(TrainingState state) : IDisposable
{
    /// <summary>No header is longer than this.</summary>
    internal const int LargestHeader = 16 * 1024 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _header = [];
    private readonly List<Memory<byte>> _destinations = [new byte[sizeof(long)]];
    private TrainingProgress? _progress;
    private int _next;
    private int _filled;

    /// <summary>Bytes taken so far.</summary>
    public long Position { get; private set; }

    /// <summary>The next bytes.</summary>
    /// <exception cref="InvalidDataException">They are not those of a state of this job.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        while (!bytes.IsEmpty)
        {
            if (_next == _destinations.Count)
            {
                throw new InvalidDataException("The training state is longer than its header says.");
            }
            var to = _destinations[_next].Span[_filled..];
            var count = Math.Min(to.Length, bytes.Length);
            bytes[..count].CopyTo(to);
            bytes = bytes[count..];
            Position += count;
            _filled += count;
            if (count == to.Length)
            {
                Filled();
            }
        }
    }

    /// <summary>Checks that all is here and takes the state into use.</summary>
    /// <param name="sha256">Of all bytes, as the sender counted it; null: what was read is checked by others.</param>
    /// <exception cref="InvalidDataException">Something is missing or damaged.</exception>
    public TrainingProgress Complete(string? sha256 = null)
    {
        if (_progress is null || _next < _destinations.Count)
        {
            throw new InvalidDataException($"The training state breaks off after {Position} bytes.");
        }
        if (sha256 is not null && Convert.ToHexStringLower(_hash.GetHashAndReset()) != sha256)
        {
            throw new InvalidDataException("The training state was damaged on its way: its SHA-256 is another.");
        }
        state.Received(_progress);
        return _progress;
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    // First comes the header's length, then the header, then one destination after another.
    private void Filled()
    {
        (_next, _filled) = (_next + 1, 0);
        if (_header.Length == 0)
        {
            var length = BinaryPrimitives.ReadInt64LittleEndian(_destinations[0].Span);
            if (length is < 2 or > LargestHeader)
            {
                throw new InvalidDataException($"This is no training state: its header would have {length} bytes.");
            }
            _header = new byte[length];
            _destinations.Add(_header);
        }
        else if (_progress is null)
        {
            TakeHeader();
        }
    }

    private void TakeHeader()
    {
        SafetensorsHeader header;
        try
        {
            header = SafetensorsHeader.Parse(_header);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"This is no training state: {e.Message}.", e);
        }
        if (!header.Metadata.TryGetValue(StateDict.ProgressKey, out var progress))
        {
            throw new InvalidDataException($"This is no training state: its metadata has no {StateDict.ProgressKey}.");
        }
        _progress = TrainingProgress.FromJson(Encoding.UTF8.GetBytes(progress));
        // Names are SECTION/PARAMETER.
        var sections = state.PrepareSections(
            [.. header.Entries.Select(entry => entry.Name.Split('/')[0]).Distinct()],
            CheckpointAveraging.Parse(_progress.KeptBleu).Length
        );
        var expected = sections
            .SelectMany(section => StateDict.Tensors(state.Parameters.Layout, section.Values, $"{section.Name}/"))
            .ToList();
        if (
            !expected.Select(tensor => (tensor.Name, tensor.Type)).SequenceEqual(header.Entries.Select(entry => (entry.Name, entry.Type)))
            || expected.Zip(header.Entries).Any(pair => !pair.First.Shape.SequenceEqual(pair.Second.Shape))
        )
        {
            throw new InvalidDataException("The training state is of another model than this job's: names or shapes of weights differ.");
        }
        _destinations.AddRange(expected.Where(tensor => tensor.Bytes.Length > 0).Select(tensor => MemoryMarshal.AsMemory(tensor.Bytes)));
    }
}
