using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using TrainingCluster.Access;
using TrainingCluster.Security;

namespace TrainingCluster.Web;

/// <summary>What the API over HTTP is: the OpenAPI document for programs, and a page made of it for people.</summary>
public static class ApiPages
{
    /// <summary>Where the document is.</summary>
    public const string Document = "/openapi.json";

    /// <summary>Where the page is.</summary>
    public const string Page = "/api";

    /// <summary>Maps <see cref="Document"/> and <see cref="Page"/> for clients that may see jobs.</summary>
    /// <param name="endpoints">Gets both.</param>
    /// <param name="program">Holds the document as the resource <c>openapi.json</c>; its title is the page's.</param>
    public static void MapApiPages(this IEndpointRouteBuilder endpoints, Assembly program)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(program);
        var document = new Lazy<string>(() => ReadDocument(program));
        Map(endpoints, Document, "application/json", document);
        Map(endpoints, Page, "text/html; charset=utf-8", new(() => Render(JsonNode.Parse(document.Value)!)));
    }

    private static void Map(IEndpointRouteBuilder endpoints, string path, string type, Lazy<string> content) =>
        endpoints.MapGet(
            path,
            async (HttpContext http, AccessControl access) =>
            {
                var (caller, problem) = await access.IdentifyAsync(http);
                return caller?.Is(AccessRole.Viewer) == true
                    ? Results.Content(content.Value, type)
                    : Results.Text(problem, statusCode: StatusCodes.Status401Unauthorized);
            }
        );

    private static string ReadDocument(Assembly program)
    {
        using var stream = program.GetManifestResourceStream("openapi.json")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string Render(JsonNode document)
    {
        var page = new StringBuilder(
            """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
            code{font-size:.95em}h2{font-size:1rem;margin:2rem 0 .25rem}table{border-collapse:collapse;width:100%}
            td{vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #d8dee4}p{margin:.25rem 0}
            </style>
            """
        );
        var title = $"{Text(document["info"]!["title"])}: API";
        page.Append(CultureInfo.InvariantCulture, $"<title>{title}</title></head><body><h1>{title}</h1>");
        page.Append(
            """
            <p>Every call is gRPC, and HTTP with JSON as below. <a href="/openapi.json">OpenAPI document</a></p>
            """
        );
        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            foreach (var (verb, operation) in operations!.AsObject())
            {
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"<h2><code>{verb.ToUpperInvariant()} {Text(path)}</code></h2><p>{Text(operation!["description"])}</p><table>"
                );
                foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
                {
                    Row(page, parameter!["name"], parameter["description"]);
                }
                var body = operation["requestBody"]?["content"]?["application/json"]?["schema"]?["$ref"];
                foreach (var (name, property) in Properties(document, body))
                {
                    Row(page, name, property?["description"]);
                }
                page.Append("</table>");
            }
        }
        return page.Append("</body></html>").ToString();
    }

    private static JsonObject Properties(JsonNode document, JsonNode? reference) =>
        reference?.GetValue<string>().Split('/')[^1] is { } name
            ? document["components"]!["schemas"]![name]!["properties"]?.AsObject() ?? []
            : [];

    private static void Row(StringBuilder page, JsonNode? name, JsonNode? description) =>
        page.Append(CultureInfo.InvariantCulture, $"<tr><td><code>{Text(name)}</code></td><td>{Text(description)}</td></tr>");

    private static string Text(JsonNode? text) => WebUtility.HtmlEncode(text?.GetValue<string>() ?? "");
}
