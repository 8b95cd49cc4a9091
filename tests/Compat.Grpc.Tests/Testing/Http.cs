using System.Net;
using System.Net.Http.Headers;

namespace Compat.Grpc.Tests.Testing;

/// <summary>Requests beneath the client, to see the wire.</summary>
internal static class Http
{
    public static async Task<HttpResponseMessage> PostAsync(
        string address, string path, byte[] body, string? contentType = "application/grpc", string? encoding = null, Version? version = null)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, address + path)
        {
            Version = version ?? HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        if (encoding is not null)
            request.Headers.Add("grpc-encoding", encoding);
        return await client.SendAsync(request);
    }
}
