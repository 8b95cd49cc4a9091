using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;

namespace TrainingCluster.Coordinator.Kubernetes.Api;

/// <summary>What the API server, or the way to it, has against a call.</summary>
internal static class ApiError
{
    /// <summary>The errors of a call; others are our own.</summary>
    public static bool IsOne(Exception error) =>
        error
            is HttpOperationException
                or KubernetesException
                or HttpRequestException
                or IOException
                or JsonException
                or TimeoutException
                or TaskCanceledException { InnerException: TimeoutException };

    /// <summary>The status code; null: no answer came.</summary>
    public static HttpStatusCode? CodeOf(Exception error) =>
        error switch
        {
            HttpOperationException http => http.Response.StatusCode,
            KubernetesException { Status.Code: { } code } => (HttpStatusCode)code,
            _ => null,
        };

    /// <summary>The error for people, with the API server's own words.</summary>
    public static string TextOf(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (error is not HttpOperationException http)
        {
            return error.Message;
        }
        try
        {
            using var status = JsonDocument.Parse(http.Response.Content);
            return $"{(int)http.Response.StatusCode}: {status.RootElement.GetProperty("message").GetString()}";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentNullException)
        {
            return error.Message;
        }
    }
}
