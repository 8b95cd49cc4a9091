using Microsoft.AspNetCore.Http;
using TrainingCluster.Access;
using TrainingCluster.Security;

namespace TrainingCluster.Web;

/// <summary>Lets readers in who may see jobs, and tells browsers what the pages may load: nothing from elsewhere.</summary>
public sealed class PageGate(AccessControl access) : IEndpointFilter
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; frame-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        var http = context.HttpContext;
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        var (caller, problem) = await access.IdentifyAsync(http);
        if (caller?.Is(AccessRole.Viewer) != true)
        {
            // The browser asks for a name, which may be anything, and a password: the token.
            headers.WWWAuthenticate = "Basic realm=\"training cluster: any name, and your token\", charset=\"UTF-8\"";
            return Results.Text(problem, statusCode: StatusCodes.Status401Unauthorized);
        }
        http.Items[nameof(Caller)] = caller;
        return await next(context);
    }

    /// <summary>Who reads.</summary>
    public static Caller CallerOf(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return (Caller)http.Items[nameof(Caller)]!;
    }

    /// <summary>
    /// Whether a request comes from one of our pages, or from no page at all: a browser shows a password of ours to forms of other sites
    /// too.
    /// </summary>
    public static bool IsSameOrigin(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0)
        {
            return site is "same-origin" or "none";
        }
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value);
    }
}
