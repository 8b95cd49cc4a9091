using System.Globalization;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace TrainingCluster.Errors;

/// <summary>
/// Errors that gRPC answers before any interceptor of ours: a method that is not there, a message that is too long or cannot be read.
/// They get the details that ours have.
/// </summary>
public static class FrameworkErrors
{
    private const string StatusKey = "grpc-status";
    private const string MessageKey = "grpc-message";
    private const string DetailsKey = "grpc-status-details-bin";

    /// <summary>Completes the errors of everything that is mapped.</summary>
    public static void CompleteFrameworkErrors(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Use(
            async (http, next) =>
            {
                if (http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
                {
                    await next(http);
                    return;
                }
                // The status of an error before the first answer stands among the headers, which may leave at once.
                http.Response.OnStarting(() =>
                {
                    Complete(http, http.Response.Headers);
                    return Task.CompletedTask;
                });
                await next(http);
                if (http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is { IsReadOnly: false } trailers)
                {
                    Complete(http, trailers);
                }
            }
        );
    }

    private static void Complete(HttpContext http, IHeaderDictionary told)
    {
        if (
            told.ContainsKey(DetailsKey)
            || !int.TryParse(told[StatusKey], NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            || code == (int)StatusCode.OK
        )
        {
            return;
        }
        var error = new RpcException(new Status((StatusCode)code, Uri.UnescapeDataString(told[MessageKey].ToString())));
        var details = RpcErrors.Complete(error, RequestIds.Of(http)).Trailers.GetValueBytes(DetailsKey);
        told[DetailsKey] = Convert.ToBase64String(details!);
    }
}
