using System.IO.Compression;
using Grpc.Wire;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>A service's options, with those of all services where it says nothing.</summary>
internal sealed class MethodSettings(GrpcServiceOptions all, GrpcServiceOptions own, ILogger logger)
{
    private const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    public ILogger Logger { get; } = logger;

    public int? MaxSendMessageSize { get; } = own.MaxSendMessageSizeSpecified ? own.MaxSendMessageSize : all.MaxSendMessageSize;

    public int? MaxReceiveMessageSize { get; } =
        own.MaxReceiveMessageSizeSpecified ? own.MaxReceiveMessageSize
        : all.MaxReceiveMessageSizeSpecified ? all.MaxReceiveMessageSize
        : DefaultMaxReceiveMessageSize;

    public bool DetailedErrors { get; } = own.EnableDetailedErrors ?? all.EnableDetailedErrors ?? false;

    public string? ResponseEncoding { get; } = own.ResponseCompressionAlgorithm ?? all.ResponseCompressionAlgorithm;

    public CompressionLevel? ResponseLevel { get; } = own.ResponseCompressionLevel ?? all.ResponseCompressionLevel;

    public Encodings Encodings { get; } = new(own.CompressionProviders.Concat(all.CompressionProviders));

    public IReadOnlyList<InterceptorRegistration> Interceptors { get; } = [.. all.Interceptors, .. own.Interceptors];
}
