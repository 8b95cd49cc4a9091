using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace TrainingCluster.Telemetry;

/// <summary>How a call ended, read from its response.</summary>
internal static class CallStatus
{
    private const string Name = "grpc-status";

    /// <summary>The status of a call, over gRPC or as JSON over HTTP. Null: the response has none.</summary>
    public static StatusCode? Of(HttpContext http)
    {
        var trailers = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        // A call that ends before its first answer has its status among the headers.
        string? text = trailers is not null && trailers.TryGetValue(Name, out var told) ? told : http.Response.Headers[Name];
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            return Enum.IsDefined((StatusCode)code) ? (StatusCode)code : StatusCode.Unknown;
        }
        return http.Response.ContentType?.StartsWith("application/json", StringComparison.Ordinal) == true
            ? OfHttp(http.Response.StatusCode)
            : null;
    }

    /// <summary>Several statuses share a code of HTTP: this is the most frequent of them.</summary>
    private static StatusCode OfHttp(int code) =>
        code switch
        {
            < StatusCodes.Status400BadRequest => StatusCode.OK,
            StatusCodes.Status400BadRequest => StatusCode.InvalidArgument,
            StatusCodes.Status401Unauthorized => StatusCode.Unauthenticated,
            StatusCodes.Status403Forbidden => StatusCode.PermissionDenied,
            StatusCodes.Status404NotFound => StatusCode.NotFound,
            StatusCodes.Status409Conflict => StatusCode.Aborted,
            StatusCodes.Status429TooManyRequests => StatusCode.ResourceExhausted,
            StatusCodes.Status499ClientClosedRequest => StatusCode.Cancelled,
            StatusCodes.Status501NotImplemented => StatusCode.Unimplemented,
            StatusCodes.Status503ServiceUnavailable => StatusCode.Unavailable,
            StatusCodes.Status504GatewayTimeout => StatusCode.DeadlineExceeded,
            < StatusCodes.Status500InternalServerError => StatusCode.Unknown,
            _ => StatusCode.Internal,
        };
}
