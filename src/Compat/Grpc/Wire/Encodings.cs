using System.Buffers;
using System.IO.Compression;
using Grpc.Core;
using Grpc.Net.Compression;

namespace Grpc.Wire;

/// <summary>The encodings that one side understands.</summary>
internal sealed class Encodings
{
    private readonly Dictionary<string, ICompressionProvider> _providers;

    /// <param name="providers">Null or empty for gzip alone.</param>
    public Encodings(IEnumerable<ICompressionProvider>? providers)
    {
        var own = providers?.ToArray() ?? [];
        if (own.Length == 0)
            own = [new GzipCompressionProvider(CompressionLevel.Fastest)];
        // Of several providers of one name the first counts.
        _providers = own.DistinctBy(provider => provider.EncodingName).ToDictionary(provider => provider.EncodingName, StringComparer.Ordinal);
        Accepted = string.Join(',', _providers.Keys.Prepend(Names.Identity));
    }

    /// <summary>The value of <c>grpc-accept-encoding</c>.</summary>
    public string Accepted { get; }

    public bool Knows(string encoding) => encoding == Names.Identity || _providers.ContainsKey(encoding);

    /// <exception cref="RpcException">Internal: this side has no such encoding.</exception>
    public void Compress(string encoding, CompressionLevel? level, ReadOnlyMemory<byte> message, PooledBuffer output)
    {
        if (!_providers.TryGetValue(encoding, out var provider))
            throw new RpcException(new Status(StatusCode.Internal, $"Unable to find compression provider for '{encoding}'. Known: {Accepted}."));
        using var stream = provider.CreateCompressionStream(new BufferStream(output), level);
        stream.Write(message.Span);
    }

    /// <summary>Decompresses a message, and stops as soon as it turns out larger than the limit.</summary>
    public void Decompress(string? encoding, in ReadOnlySequence<byte> message, int? maxSize, PooledBuffer output)
    {
        if (encoding is null)
            throw new RpcException(new Status(StatusCode.Internal, "A compressed message came without a grpc-encoding header."));
        if (encoding == Names.Identity)
            throw new RpcException(new Status(StatusCode.Internal, "A compressed message came with grpc-encoding 'identity'."));
        if (!_providers.TryGetValue(encoding, out var provider))
            throw UnknownEncoding(encoding);
        var compressed = ArrayPool<byte>.Shared.Rent((int)message.Length);
        try
        {
            message.CopyTo(compressed);
            using var input = new MemoryStream(compressed, 0, (int)message.Length, writable: false);
            using var stream = provider.CreateDecompressionStream(input);
            while (true)
            {
                var read = stream.Read(output.GetSpan(4096));
                if (read == 0)
                    return;
                output.Advance(read);
                if (output.Length > maxSize)
                    throw FrameReader.TooLarge(output.Length, maxSize.Value);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(compressed);
        }
    }

    public RpcException UnknownEncoding(string encoding) =>
        new(new Status(StatusCode.Unimplemented, $"Unsupported grpc-encoding value '{encoding}'. Supported encodings: {Accepted}"));

    /// <summary>Lets a compressor write into a pooled buffer.</summary>
    private sealed class BufferStream(PooledBuffer buffer) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => buffer.Length;

        public override long Position
        {
            get => buffer.Length;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
