using System.Globalization;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Writes a call's end: into the trailers, or into the headers when nothing was sent yet ("Trailers-Only").</summary>
internal static class TrailerWriter
{
    public static void Write(HttpResponse response, Status status, Metadata? trailers)
    {
        var destination = Destination(response);
        foreach (var entry in trailers ?? Metadata.Empty)
            destination.Append(entry.Key, MetadataText.Encode(entry));
        destination[Names.Status] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(status.Detail))
            destination[Names.Message] = PercentEncoding.Encode(status.Detail);
    }

    private static IHeaderDictionary Destination(HttpResponse response)
    {
        if (!response.HasStarted)
            return response.Headers;
        var trailers = response.HttpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        if (trailers is null || trailers.IsReadOnly)
            throw new InvalidOperationException("Trailers are not supported for this response: gRPC needs HTTP/2.");
        return trailers;
    }
}
