using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using TrainingCluster.Coordinator.Tests.Hosting;

namespace TrainingCluster.Coordinator.Tests.Api;

/// <summary>A client of the services over HTTP with JSON.</summary>
internal sealed class HttpApi : IDisposable
{
    private readonly HttpClient _client;

    public HttpApi(TestServer server, string? token = null)
    {
        _client = new()
        {
            BaseAddress = new Uri(server.Address),
            // The test's server speaks nothing else.
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
    }

    public async Task<(HttpStatusCode Status, JsonNode Body)> CallAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Version = _client.DefaultRequestVersion,
            VersionPolicy = _client.DefaultVersionPolicy,
        };
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!);
    }

    public async Task<IReadOnlyList<JsonNode>> LinesAsync(string path)
    {
        var text = await _client.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    public void Dispose() => _client.Dispose();
}
