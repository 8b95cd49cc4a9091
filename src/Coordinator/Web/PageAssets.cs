using System.Reflection;
using System.Security.Cryptography;

namespace TrainingCluster.Coordinator.Web;

/// <summary>The style sheet and the scripts. They tell nothing about anybody: no token is asked for.</summary>
internal static class PageAssets
{
    private static readonly (string Name, string Type)[] s_files =
    [
        ("page.css", "text/css; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("curves.js", "text/javascript; charset=utf-8"),
        ("chart.js", "text/javascript; charset=utf-8"),
        ("figures.js", "text/javascript; charset=utf-8"),
    ];

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (var (name, type) in s_files)
        {
            var content = Read(name);
            var tag = new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content)[..8])}\"");
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
    }

    private static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
