using System.Net;
using System.Net.Http.Headers;

namespace TrainingCluster.Bench;

/// <summary>Readers of the coordinator's pages, each of which asks as often as page.js and curves.js do.</summary>
internal sealed class PageReaders : IAsyncDisposable
{
    private static readonly TimeSpan s_page = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _reading;
    private long _answers;
    private long _unchanged;
    private long _bytes;

    /// <param name="address">Of the coordinator's HTTP.</param>
    /// <param name="jobId">The job that half of them look at; the others look at the cluster.</param>
    /// <param name="count">How many.</param>
    public PageReaders(string address, string jobId, int count)
    {
        _reading = Task.WhenAll(Enumerable.Range(0, count).Select(i => ReadAsync(address, i % 2 == 0 ? null : jobId, i / (double)count)));
    }

    /// <summary>Answers so far, those of them without a new page, and bytes of the others.</summary>
    public (long Answers, long Unchanged, long Bytes) Seen =>
        (Interlocked.Read(ref _answers), Interlocked.Read(ref _unchanged), Interlocked.Read(ref _bytes));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _reading;
        _end.Dispose();
    }

    private async Task ReadAsync(string address, string? jobId, double phase)
    {
        // A browser keeps its connection. They do not all come at once.
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri(address) };
        var tags = new Dictionary<string, EntityTagHeaderValue>(StringComparer.Ordinal);
        try
        {
            await Task.Delay(s_page * phase, _end.Token);
            for (var round = 0; ; round++)
            {
                await GetAsync(http, tags, jobId is null ? "/" : $"/jobs/{jobId}");
                if (jobId is not null && round % 2 == 0)
                {
                    await GetAsync(http, tags, $"/jobs/{jobId}/curve");
                }
                await Task.Delay(s_page, _end.Token);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // This is how it is meant to end.
        }
    }

    private async Task GetAsync(HttpClient http, Dictionary<string, EntityTagHeaderValue> tags, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.AcceptEncoding.ParseAdd("gzip, br");
        if (tags.TryGetValue(path, out var tag))
        {
            request.Headers.IfNoneMatch.Add(tag);
        }
        using var response = await http.SendAsync(request, _end.Token);
        Interlocked.Increment(ref _answers);
        if (response.StatusCode == HttpStatusCode.NotModified)
        {
            Interlocked.Increment(ref _unchanged);
            return;
        }
        response.EnsureSuccessStatusCode();
        tags[path] = response.Headers.ETag!;
        Interlocked.Add(ref _bytes, (await response.Content.ReadAsByteArrayAsync(_end.Token)).Length);
    }
}
