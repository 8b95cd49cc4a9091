using Grpc.Core;
using Grpc.Net.Compression;
using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client;

/// <summary>How a channel's calls are made.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>Null: what the address' scheme says.</summary>
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>The largest message that may be sent, in bytes; null for no limit. Default: null.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The largest message that may be received, in bytes; null for no limit. Default: 4 MiB.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>Encodings known; null for gzip.</summary>
    public IList<ICompressionProvider>? CompressionProviders { get; set; }

    /// <summary>Null for no logging.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Makes the requests; null to use <see cref="HttpHandler"/>.</summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>Makes the requests; null for a handler of the channel's own.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether the channel disposes the client or handler that it was given. Default: false.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>
    /// Whether a call that its token or deadline ended throws <see cref="OperationCanceledException"/> instead of
    /// <see cref="RpcException"/>. Default: false.
    /// </summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }

    /// <summary>Null for HTTP/2.</summary>
    public Version? HttpVersion { get; set; }

    /// <summary>Null for exactly that version.</summary>
    public HttpVersionPolicy? HttpVersionPolicy { get; set; }
}
