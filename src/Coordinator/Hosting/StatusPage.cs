using System.Globalization;
using System.Net;
using System.Text;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Access;
using TrainingCluster.Coordinator.Control;
using TrainingCluster.Coordinator.Jobs.Filters;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Jobs;
using TrainingCluster.Security;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Hosting;

/// <summary>A page for people: jobs and workers, drawn by the server, renewed every few seconds.</summary>
internal static class StatusPage
{
    private const int Jobs = 50;

    public static void MapStatusPage(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet(
            "/",
            async (HttpContext http, AccessControl access, JobStore store, IJobControl control, CancellationToken cancellationToken) =>
            {
                var (caller, problem) = await access.IdentifyAsync(http);
                if (caller?.Is(AccessRole.Viewer) != true)
                {
                    // The browser asks for a name, which may be anything, and a password: the token.
                    http.Response.Headers.WWWAuthenticate = "Basic realm=\"training cluster: any name, and your token\", charset=\"UTF-8\"";
                    return Results.Text(problem, statusCode: StatusCodes.Status401Unauthorized);
                }
                return Results.Content(
                    Render(
                        await store.ListAsync(null, JobFilter.All, Jobs, caller.Confinement),
                        await ClusterView.ForAsync(caller, control, store, cancellationToken)
                    ),
                    "text/html; charset=utf-8"
                );
            }
        );

    internal static string Render(IReadOnlyList<StoredJob> jobs, ClusterStatus cluster)
    {
        var page = new StringBuilder(
            """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
            <meta name="viewport" content="width=device-width"><title>Training cluster</title><style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
            table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #d8dee4}
            th{font-weight:600;color:#57606a}td.n{text-align:right;font-variant-numeric:tabular-nums}progress{width:8rem}
            </style></head><body><h1>Training cluster</h1><h2>Jobs</h2>
            <table><tr><th>Job</th><th>State</th><th>Progress</th><th>Step</th><th>Loss</th><th>Tokens/s</th>
            <th>BLEU</th><th>Generation</th><th>Why</th></tr>
            """
        );
        foreach (var job in jobs)
        {
            var p = job.Progress;
            var of = p.TotalStepCount > 0 ? $" / {p.TotalStepCount}" : "";
            var bleu = p.EvaluatedStep > 0 ? p.LastBleu.ToString("0.0", CultureInfo.InvariantCulture) : "";
            page.Append(
                CultureInfo.InvariantCulture,
                $"""
                <tr><td>{Text(job.Id)}</td><td>{job.Record.Phase.ToJobState()}</td>
                <td><progress max="{Math.Max(1, p.TotalStepCount)}" value="{p.Step}"></progress></td>
                <td class="n">{p.Step}{of}</td><td class="n">{p.Loss:0.000}</td><td class="n">{p.TokensPerSecond:0}</td>
                <td class="n">{bleu}</td><td class="n">{job.Record.Generation}</td><td>{Text(job.Record.Reason)}</td></tr>
                """
            );
        }
        page.Append(
            "</table><h2>Workers</h2><table><tr><th>Worker</th><th>State</th><th>Job</th><th>Device</th><th>Computes as</th>"
                + "<th>Version</th><th>Metrics</th></tr>"
        );
        foreach (var worker in cluster.Workers)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"""
                <tr><td>{Text(worker.Id)}</td><td>{worker.State.Word()}</td><td>{Text(worker.JobId)}</td>
                <td>{Text(worker.Device)}</td><td>{Text(worker.Arithmetic?.ToText() ?? "")}</td><td>{Text(worker.Version)}</td>
                <td>{Link(worker.HttpAddress)}</td></tr>
                """
            );
        }
        page.Append(
            CultureInfo.InvariantCulture,
            $"</table><p>Coordinator {Text(cluster.Version)} · <a href=\"/metrics\">metrics</a></p></body></html>"
        );
        return page.ToString();
    }

    /// <summary>A worker says where it is: what is no address of the web is shown, and does not become a link.</summary>
    private static string Link(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? $"<a href=\"{Text(address)}/metrics\">{Text(address)}</a>"
            : Text(address);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
