using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Names of the protocol (gRPC core's <c>doc/PROTOCOL-HTTP2.md</c>).</summary>
internal static class Names
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Identity = "identity";

    /// <summary>Metadata of this key asks for an encoding of this side's messages, and is not sent itself.</summary>
    public const string EncodingRequest = "grpc-internal-encoding-request";

    /// <summary><c>application/grpc</c>, alone or followed by <c>+format</c> or <c>;parameters</c>.</summary>
    public static bool IsContentType(string? value) =>
        value is not null
        && value.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (value.Length == ContentType.Length || value[ContentType.Length] is '+' or ';');

    public static bool IsIdentity(string? encoding) => encoding is null or Identity;

    public static bool CanCompress(WriteOptions? options) => options is null || !options.Flags.HasFlag(WriteFlags.NoCompress);

    public static bool MayWait(WriteOptions? options) => options is not null && options.Flags.HasFlag(WriteFlags.BufferHint);
}
