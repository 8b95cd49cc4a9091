using System.IO.Compression;

namespace TrainingCluster.Modeling.Data;

/// <summary>
/// Decompresses gzip and fails where the file is cut off, which <see cref="GZipStream"/> takes for its end. A member with
/// a known content is put behind the file's own: only after a whole file does that content come out last.
/// </summary>
internal sealed class WholeGzipStream : Stream
{
    private static readonly byte[] s_mark = "\n\0the end of a whole gzip file\0\n"u8.ToArray();

    private readonly GZipStream _gzip;

    // Read but not handed out yet; its last bytes may be the mark.
    private readonly byte[] _ahead = new byte[1 << 16];
    private int _aheadLength;

    public WholeGzipStream(Stream file) =>
        _gzip = new GZipStream(new Joined(file, new MemoryStream(MarkMember())), CompressionMode.Decompress);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <exception cref="InvalidDataException">The file is damaged or cut off.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (_aheadLength <= s_mark.Length)
        {
            var read = _gzip.Read(_ahead.AsSpan(_aheadLength));
            if (read == 0)
            {
                return _ahead.AsSpan(0, _aheadLength).SequenceEqual(s_mark)
                    ? 0
                    : throw new InvalidDataException("The file ends in the middle.");
            }
            _aheadLength += read;
        }
        var given = Math.Min(buffer.Length, _aheadLength - s_mark.Length);
        _ahead.AsSpan(0, given).CopyTo(buffer);
        _ahead.AsSpan(given, _aheadLength - given).CopyTo(_ahead);
        _aheadLength -= given;
        return given;
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gzip.Dispose();
        }
        base.Dispose(disposing);
    }

    private static byte[] MarkMember()
    {
        using var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionLevel.Fastest))
        {
            gzip.Write(s_mark);
        }
        return member.ToArray();
    }

    /// <summary>One stream, then another.</summary>
    private sealed class Joined(Stream first, Stream second) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => first.Read(buffer) is var read and > 0 ? read : second.Read(buffer);

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                first.Dispose();
                second.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
