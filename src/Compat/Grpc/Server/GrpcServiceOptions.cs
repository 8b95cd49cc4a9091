using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using Grpc.Net.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>How services behave. What an option of one service leaves unset, the options of all services say.</summary>
public class GrpcServiceOptions
{
    private int? _maxSendMessageSize;
    private int? _maxReceiveMessageSize;

    /// <summary>The largest message that may be sent, in bytes; null for no limit. Default: null.</summary>
    public int? MaxSendMessageSize
    {
        get => _maxSendMessageSize;
        set
        {
            _maxSendMessageSize = value;
            MaxSendMessageSizeSpecified = true;
        }
    }

    /// <summary>Whether <see cref="MaxSendMessageSize"/> was set, to null perhaps.</summary>
    public bool MaxSendMessageSizeSpecified { get; set; }

    /// <summary>The largest message that may be received, in bytes; null for no limit. Default: 4 MiB.</summary>
    public int? MaxReceiveMessageSize
    {
        get => _maxReceiveMessageSize;
        set
        {
            _maxReceiveMessageSize = value;
            MaxReceiveMessageSizeSpecified = true;
        }
    }

    /// <summary>Whether <see cref="MaxReceiveMessageSize"/> was set, to null perhaps.</summary>
    public bool MaxReceiveMessageSizeSpecified { get; set; }

    /// <summary>Whether a client is told which exception ended its call. Default: false.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary>The encoding of responses, where the client accepts it; null for identity. Default: null.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>The compressor's level; null for the provider's own. Default: null.</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>Encodings known. Default: gzip.</summary>
    [SuppressMessage("Usage", "CA2227:Collection properties should be read only", Justification = "As in the package.")]
    public IList<ICompressionProvider> CompressionProviders { get; set; } = [];

    /// <summary>The first stands outermost. Interceptors of all services stand outside those of one service.</summary>
    public InterceptorCollection Interceptors { get; } = [];
}

/// <summary>How one service behaves.</summary>
public class GrpcServiceOptions<TService> : GrpcServiceOptions
    where TService : class;
