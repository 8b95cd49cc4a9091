using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace TrainingCluster.Web;

/// <summary>Style sheets and scripts that lie in a program. They tell nothing about anybody: no token is asked for.</summary>
public static class PageAssets
{
    private const string StyleSheet = "page.css";

    /// <summary>Maps <c>/assets/page.css</c>, which all programs have, and files of one program.</summary>
    /// <param name="endpoints">Gets <c>/assets/NAME</c>.</param>
    /// <param name="program">Holds the files as resources of these names.</param>
    /// <param name="names">Files that end in .css or .js.</param>
    public static void MapPageAssets(this IEndpointRouteBuilder endpoints, Assembly program, params ReadOnlySpan<string> names)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(program);
        Map(endpoints, typeof(PageAssets).Assembly, StyleSheet);
        foreach (var name in names)
        {
            Map(endpoints, program, name);
        }
    }

    private static void Map(IEndpointRouteBuilder endpoints, Assembly assembly, string name)
    {
        var content = Read(assembly, name);
        var type = name.EndsWith(".css", StringComparison.Ordinal) ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(..8))}\"");
        endpoints.MapGet(
            $"/assets/{name}",
            (HttpContext http) =>
            {
                // A program of another version serves others under the same names.
                http.Response.Headers.CacheControl = "no-cache";
                http.Response.Headers.XContentTypeOptions = "nosniff";
                return Results.Bytes(content, type, entityTag: tag);
            }
        );
    }

    private static byte[] Read(Assembly assembly, string name)
    {
        using var stream =
            assembly.GetManifestResourceStream(name)
            ?? throw new ArgumentException($"{assembly.GetName().Name} holds no {name}", nameof(name));
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
