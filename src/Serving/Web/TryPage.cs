using System.Net;
using Grpc.Core;
using Microsoft.Extensions.Options;
using TrainingCluster.Serving.Api;
using TrainingCluster.Serving.Batching;
using TrainingCluster.V1;
using TrainingCluster.Web;

namespace TrainingCluster.Serving.Web;

/// <summary>A page for people to translate with, and to see what the model looked at.</summary>
internal static class TryPage
{
    // The drawing is one file with its own script and style, in which every word of others is data.
    private const string DrawingPolicy =
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'";

    private static readonly string s_page = Read("try.html");

    /// <summary>Maps <c>/</c> and <c>/look</c>.</summary>
    public static void MapTryPage(this IEndpointRouteBuilder endpoints)
    {
        var pages = endpoints.MapGroup("").AddEndpointFilter<PageGate>();
        pages.MapGet("/", () => Results.Content(s_page, "text/html; charset=utf-8"));
        pages.MapGet("/look", LookAsync);
        endpoints.MapPageAssets(typeof(TryPage).Assembly, "try.js");
    }

    private static async Task<IResult> LookAsync(
        string model,
        string text,
        int? beam,
        HttpContext http,
        TranslationCalls calls,
        CallGate gate,
        IOptions<BatchingOptions> batching,
        CancellationToken cancellationToken
    )
    {
        http.Response.Headers.ContentSecurityPolicy = DrawingPolicy;
        try
        {
            using var entered = gate.Enter();
            var search = new SearchSettings();
            if (beam is { } given)
            {
                search.Beam = given;
            }
            var call = CallReader.Read(model, [("text", text)], search, withAttention: true, piece: null, batching.Value);
            return Html(await calls.LookAsync(call, PageGate.CallerOf(http), cancellationToken));
        }
        catch (RpcException error)
        {
            var words = WebUtility.HtmlEncode(error.Status.Detail);
            return Html($"<!doctype html><html lang=\"en\"><title>No picture</title><p role=\"alert\">{words}</p></html>");
        }
    }

    private static IResult Html(string page) => Results.Content(page, "text/html; charset=utf-8");

    private static string Read(string name)
    {
        using var reader = new StreamReader(typeof(TryPage).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
