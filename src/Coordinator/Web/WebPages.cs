using System.IO.Compression;
using Google.Protobuf;
using Microsoft.AspNetCore.Http.Features;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Alerts;
using TrainingCluster.Coordinator.Curves;
using TrainingCluster.Coordinator.Ledger;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Web.Pages;
using TrainingCluster.Web;

namespace TrainingCluster.Coordinator.Web;

/// <summary>The pages for people: the cluster, its jobs, jobs beside one another.</summary>
internal static class WebPages
{
    private const int LongestId = 300;

    /// <summary>Adds what the pages need.</summary>
    public static IServiceCollection AddWebPages(this IServiceCollection services, PageSettings settings) =>
        services
            .AddSingleton(settings)
            .AddSingleton<PageCache>()
            .AddSingleton<PageReader>()
            .AddSingleton<PageRenderer>()
            .AddSingleton<JobActions>()
            .AddSingleton<AlertBoard>();

    /// <summary>Maps the pages, their data and what they are made of.</summary>
    public static void MapWebPages(this IEndpointRouteBuilder endpoints)
    {
        var pages = endpoints.MapGroup("").AddEndpointFilter<PageGate>();
        pages.MapGet("/", ClusterAsync);
        pages.MapGet("/compare", CompareAsync);
        pages.MapGet("/figures", async (PageRenderer renderer) => Html(await renderer.RenderAsync<FiguresPage>()));
        pages.MapGet("/jobs/{id}", JobAsync);
        pages.MapGet("/jobs/{id}/audit", AuditAsync);
        pages.MapGet("/jobs/{id}/curve", CurveAsync);
        pages.MapGet("/jobs/{id}/model.zip", ModelAsync);
        pages.MapPost("/jobs/{id}/{action}", ActAsync);
        endpoints.MapPageAssets(typeof(WebPages).Assembly, "page.js", "curves.js", "chart.js", "figures.js");
    }

    private static Task<IResult> ClusterAsync(HttpContext http, PageReader reader, PageRenderer renderer) =>
        PageAsync(
            http,
            "cluster",
            async caller => await renderer.RenderAsync<ClusterPage>(("View", await reader.ClusterAsync(caller, CancellationToken.None)))
        );

    private static async Task<IResult> JobAsync(string id, HttpContext http, PageReader reader, PageRenderer renderer)
    {
        var caller = PageGate.CallerOf(http);
        if (await reader.FindAsync(caller, id) is null)
        {
            return await UnknownAsync(renderer, id);
        }
        var log = JobLog.Choice(http.Request.Query["log"]);
        return await PageAsync(
            http,
            $"job {id} {PageReader.MayChange(caller)} {log}",
            async reading =>
                await reader.JobAsync(reading, id, log) is { } view
                    ? await renderer.RenderAsync<JobPage>(("View", view))
                    : await renderer.RenderAsync<ProblemPage>(("Title", "The job is gone"), ("Text", $"{id} was deleted."))
        );
    }

    private static Task<IResult> CompareAsync(HttpContext http, PageReader reader, PageRenderer renderer)
    {
        var ids = http.Request.Query["job"].OfType<string>().Where(id => id.Length is > 0 and <= LongestId).ToArray();
        return PageAsync(
            http,
            $"compare {string.Join(' ', ids)}",
            async caller => await renderer.RenderAsync<ComparePage>(("View", await reader.CompareAsync(caller, ids)))
        );
    }

    private static async Task<IResult> AuditAsync(
        string id,
        HttpContext http,
        PageReader reader,
        PageRenderer renderer,
        LedgerAudits audits,
        CancellationToken cancellationToken
    )
    {
        if (await reader.FindAsync(PageGate.CallerOf(http), id) is not { } job)
        {
            return await UnknownAsync(renderer, id);
        }
        try
        {
            var ledger = await audits.OfAsync(job, audit: true, cancellationToken);
            return Html(await renderer.RenderAsync<AuditPage>(("JobId", id), ("Audit", ledger.Audit)));
        }
        catch (Grpc.Core.RpcException e)
        {
            return Html(await renderer.RenderAsync<AuditPage>(("JobId", id), ("Problem", e.Status.Detail)));
        }
    }

    // All of it, which is bounded, whenever it is not what the reader has.
    private static async Task<IResult> CurveAsync(string id, HttpContext http, PageReader reader, JobStore store)
    {
        if (await reader.FindAsync(PageGate.CallerOf(http), id) is not { } job)
        {
            return Results.NotFound();
        }
        var cache = http.RequestServices.GetRequiredService<PageCache>();
        var page = await cache.GetAsync($"curve {id}", async () => JsonFormatter.Default.Format(await CurveView.OfAsync(store, job.Id)));
        return Send(http, page, "application/json");
    }

    private static async Task<IResult> ModelAsync(string id, HttpContext http, PageReader reader, PageRenderer renderer)
    {
        if (await reader.FindAsync(PageGate.CallerOf(http), id) is not { } job || reader.Model(job) is not { } folder)
        {
            return await UnknownAsync(renderer, id);
        }
        // The headers in an archive are written as they come, a few bytes each.
        http.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        return Results.Stream(
            async body =>
            {
                await using var zip = await ZipArchive.CreateAsync(body, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null);
                foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                {
                    // Weights do not shrink.
                    var name = $"{id}/{Path.GetRelativePath(folder, file).Replace('\\', '/')}";
                    await zip.CreateEntryFromFileAsync(file, name, CompressionLevel.NoCompression, http.RequestAborted);
                }
            },
            "application/zip",
            $"{id}.zip"
        );
    }

    private static async Task<IResult> ActAsync(
        string id,
        string action,
        HttpContext http,
        PageReader reader,
        PageRenderer renderer,
        JobActions actions
    )
    {
        var caller = PageGate.CallerOf(http);
        if (!actions.Has(action))
        {
            return await UnknownAsync(renderer, id);
        }
        if (!PageGate.IsSameOrigin(http.Request))
        {
            return await ProblemAsync(renderer, StatusCodes.Status403Forbidden, "Refused", "The request comes from another site.");
        }
        if (!PageReader.MayChange(caller))
        {
            var text = $"{caller.Name} may look at jobs, not change them: that needs the role submitter.";
            return await ProblemAsync(renderer, StatusCodes.Status403Forbidden, "Refused", text);
        }
        if (await reader.FindAsync(caller, id) is not { } job)
        {
            return await UnknownAsync(renderer, id);
        }
        if (await actions.DoAsync(http, caller, action, job) is { } problem)
        {
            return await ProblemAsync(renderer, problem.Status, "Not done", problem.Text);
        }
        return Results.Redirect(Show.JobPath(id), permanent: false, preserveMethod: false);
    }

    private static Task<IResult> UnknownAsync(PageRenderer renderer, string id) =>
        ProblemAsync(
            renderer,
            StatusCodes.Status404NotFound,
            "Not found",
            $"There is no job '{(id.Length > LongestId ? id[..LongestId] + "…" : id)}', or nothing of it to download. It may have been "
                + "deleted."
        );

    private static async Task<IResult> ProblemAsync(PageRenderer renderer, int status, string title, string text) =>
        Html(await renderer.RenderAsync<ProblemPage>(("Title", title), ("Text", text)), status);

    private static async Task<IResult> PageAsync(HttpContext http, string key, Func<Caller, Task<string>> draw)
    {
        var caller = PageGate.CallerOf(http);
        var cache = http.RequestServices.GetRequiredService<PageCache>();
        var page = await cache.GetAsync($"{caller.Confinement ?? "*"} {key}", () => draw(caller));
        return Send(http, page, "text/html; charset=utf-8");
    }

    private static IResult Send(HttpContext http, DrawnPage page, string type)
    {
        http.Response.Headers.ETag = page.Tag;
        http.Response.Headers.CacheControl = "no-cache";
        return http.Request.Headers.IfNoneMatch == page.Tag
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Results.Bytes(page.Content, type);
    }

    private static IResult Html(string page, int status = StatusCodes.Status200OK) =>
        Results.Content(page, "text/html; charset=utf-8", statusCode: status);
}
