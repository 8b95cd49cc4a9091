using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace TrainingCluster.Worker.State;

/// <summary>
/// A training state as one row of bytes, exact to the bit: eight bytes with the length of a JSON header (names and lengths of the
/// sections, counters), the header, then the sections' float32 values.
/// </summary>
public static class StreamedStateDict
{
    private const int PrefixBytes = sizeof(long);

    /// <summary>No header is longer than this.</summary>
    internal const int LargestHeader = 64 * 1024;

    /// <summary>The bytes before the sections.</summary>
    public static byte[] Header(TrainingState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new HeaderFields(
                [.. state.Sections.Select(section => section.Name)],
                state.Parameters.Layout.Length,
                Convert.ToBase64String(state.Progress.ToJson())
            )
        );
        var header = new byte[PrefixBytes + json.Length];
        BinaryPrimitives.WriteInt64LittleEndian(header, json.Length);
        json.CopyTo(header, PrefixBytes);
        return header;
    }

    /// <summary>Bytes of the whole image.</summary>
    public static long Length(TrainingState state) => Header(state).Length + state.Bytes;

    /// <summary>Copies a part of the image.</summary>
    /// <param name="state">Not to be changed meanwhile.</param>
    /// <param name="header">From <see cref="Header"/>.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="to">Filled up to the image's end.</param>
    /// <returns>Bytes copied.</returns>
    public static int CopyTo(TrainingState state, byte[] header, long offset, Span<byte> to)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(header);
        var done = 0;
        var start = 0L;
        foreach (
            var length in state
                .Sections.Select(section => (long)section.Values.Length * sizeof(float))
                .Prepend(header.Length)
                .Select((bytes, i) => (bytes, i))
        )
        {
            var (bytes, i) = length;
            if (offset + done < start + bytes && done < to.Length)
            {
                var source = i == 0 ? header : MemoryMarshal.AsBytes<float>(state.Sections[i - 1].Values.Span);
                var from = (int)(offset + done - start);
                var count = (int)Math.Min(to.Length - done, bytes - from);
                source.Slice(from, count).CopyTo(to[done..]);
                done += count;
            }

            start += bytes;
        }

        return done;
    }

    /// <summary>Takes an image in, piece by piece, straight into a state's buffers.</summary>
    public sealed class Reader : IDisposable
    {
        private readonly TrainingState _state;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] _prefix = new byte[PrefixBytes];
        private byte[] _header = [];
        private IReadOnlyList<StateSection> _sections = [];
        private TrainingProgress? _progress;
        private long _at;

        /// <summary>Reads into a state, which is unusable until <see cref="Complete"/> has returned.</summary>
        public Reader(TrainingState state) => _state = state;

        /// <summary>Bytes taken so far.</summary>
        public long Position => _at;

        /// <summary>The next bytes of the image.</summary>
        /// <exception cref="InvalidDataException">They are not those of a state of this job.</exception>
        public void Append(ReadOnlySpan<byte> bytes)
        {
            _hash.AppendData(bytes);
            while (!bytes.IsEmpty)
            {
                var to = Destination();
                var count = Math.Min(to.Length, bytes.Length);
                bytes[..count].CopyTo(to);
                bytes = bytes[count..];
                _at += count;
                if (_header.Length == 0 && _at == PrefixBytes)
                {
                    TakePrefix();
                }
                else if (_progress is null && _at == PrefixBytes + _header.Length)
                {
                    TakeHeader();
                }
            }
        }

        /// <summary>Checks that all is here and takes the state into use.</summary>
        /// <param name="sha256">Of all bytes, as the sender counted it.</param>
        /// <exception cref="InvalidDataException">Something is missing or damaged.</exception>
        public TrainingProgress Complete(string sha256)
        {
            var expected = PrefixBytes + _header.Length + _sections.Sum(section => (long)section.Values.Length * sizeof(float));
            if (_progress is null || _at != expected)
            {
                throw new InvalidDataException($"The training state breaks off after {_at} bytes.");
            }
            if (Convert.ToHexStringLower(_hash.GetHashAndReset()) != sha256)
            {
                throw new InvalidDataException("The training state was damaged on its way: its SHA-256 is another.");
            }
            _state.Received(_progress);
            return _progress;
        }

        /// <inheritdoc/>
        public void Dispose() => _hash.Dispose();

        private Span<byte> Destination()
        {
            var at = _at;
            if (at < PrefixBytes)
            {
                return _prefix.AsSpan((int)at);
            }
            at -= PrefixBytes;
            if (at < _header.Length)
            {
                return _header.AsSpan((int)at);
            }
            at -= _header.Length;
            foreach (var section in _sections)
            {
                var bytes = (long)section.Values.Length * sizeof(float);
                if (at < bytes)
                {
                    return MemoryMarshal.AsBytes(section.Values.Span)[(int)at..];
                }
                at -= bytes;
            }

            throw new InvalidDataException("The training state is longer than its header says.");
        }

        private void TakePrefix()
        {
            var length = BinaryPrimitives.ReadInt64LittleEndian(_prefix);
            if (length is < 2 or > LargestHeader)
            {
                throw new InvalidDataException($"This is no training state: its header would have {length} bytes.");
            }
            _header = new byte[length];
        }

        private void TakeHeader()
        {
            try
            {
                var fields = JsonSerializer.Deserialize<HeaderFields>(_header) ?? throw new JsonException("it is null");
                if (fields.Floats != _state.Parameters.Layout.Length)
                {
                    throw new InvalidDataException(
                        $"The training state has {fields.Floats} weights, this job's model {_state.Parameters.Layout.Length}."
                    );
                }
                _progress = TrainingProgress.FromJson(Convert.FromBase64String(fields.Progress));
                _sections = _state.PrepareSections(fields.Sections);
            }
            catch (Exception e) when (e is JsonException or FormatException)
            {
                throw new InvalidDataException($"This is no training state: {e.Message}", e);
            }
        }
    }

    private sealed record HeaderFields(IReadOnlyList<string> Sections, int Floats, string Progress);
}
