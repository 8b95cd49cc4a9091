using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>What a response, or the lack of one, says about the call.</summary>
internal static class ResponseStatus
{
    /// <summary>Null when messages follow; else how the call ended already.</summary>
    public static Status? FromHeaders(HttpResponseMessage response)
    {
        if (Read(response.Headers) is { } status)
            return status;
        if (response.Version < HttpVersion.Version20)
            return new Status(StatusCode.Internal, $"Bad gRPC response. Response protocol downgraded to HTTP/{response.Version.ToString(2)}.");
        if (response.StatusCode != HttpStatusCode.OK)
            return new Status(CodeOf(response.StatusCode), $"Bad gRPC response. HTTP status code: {(int)response.StatusCode}");
        if (!response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values))
            return new Status(StatusCode.Cancelled, "Bad gRPC response. Response did not have a content-type header.");
        var contentType = values.ToString();
        return Names.IsContentType(contentType)
            ? null
            : new Status(StatusCode.Cancelled, $"Bad gRPC response. Invalid content-type value: {contentType}");
    }

    /// <summary>After the body: the trailers, or the headers of a response that had no body.</summary>
    public static Status FromTrailers(HttpResponseMessage response) =>
        Read(response.TrailingHeaders)
        ?? Read(response.Headers)
        ?? new Status(StatusCode.Cancelled, "No grpc-status found on response.");

    public static Metadata Metadata(HttpResponseHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values)
                MetadataText.Add(metadata, name, value);
        }
        return metadata;
    }

    /// <summary>HTTP/2's error codes and the failures of sockets as status codes.</summary>
    public static StatusCode CodeOf(Exception error)
    {
        var transport = false;
        for (var current = error; current is not null; current = current.InnerException)
        {
            if (current is HttpProtocolException protocol)
                return CodeOf(protocol.ErrorCode);
            transport |= current is SocketException or IOException;
        }
        return transport ? StatusCode.Unavailable : StatusCode.Internal;
    }

    private static StatusCode CodeOf(long http2Error) => http2Error switch
    {
        0x7 => StatusCode.Unavailable, // REFUSED_STREAM
        0x8 => StatusCode.Cancelled, // CANCEL
        0xb => StatusCode.ResourceExhausted, // ENHANCE_YOUR_CALM
        0xc => StatusCode.PermissionDenied, // INADEQUATE_SECURITY
        _ => StatusCode.Internal,
    };

    // gRPC core's doc/http-grpc-status-mapping.md.
    private static StatusCode CodeOf(HttpStatusCode status) => (int)status switch
    {
        400 or 431 => StatusCode.Internal,
        401 => StatusCode.Unauthenticated,
        403 => StatusCode.PermissionDenied,
        404 => StatusCode.Unimplemented,
        429 or 502 or 503 or 504 => StatusCode.Unavailable,
        >= 100 and < 200 => StatusCode.Internal,
        _ => StatusCode.Unknown,
    };

    private static Status? Read(HttpResponseHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues(Names.Status, out var codes))
            return null;
        if (!int.TryParse(codes.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            return new Status(StatusCode.Cancelled, $"Unexpected grpc-status value: {codes}");
        var detail = headers.NonValidated.TryGetValues(Names.Message, out var messages) ? PercentEncoding.Decode(messages.ToString()) : "";
        return new Status((StatusCode)code, detail);
    }
}
