using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Security;

namespace TrainingCluster.Coordinator.Tests.Web;

/// <summary>What the pages' addresses answer.</summary>
public class WebPagesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_AskedAgainUnchanged_AreNotSentAgain()
    {
        await using var server = await WebServer.StartAsync();
        await server.AddAsync(JobPhase.Failed, "failed-1");
        foreach (var path in new[] { "/", "/jobs/failed-1", "/jobs/failed-1/curve" })
        {
            using var first = await server.Http.GetAsync(new Uri(server.Address, path), Cancellation);
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, path));
            request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
            using var second = await server.Http.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        }
    }

    [Fact]
    public async Task Page_TwoHundredReadersAtOnce_IsDrawnForFew()
    {
        await using var server = await WebServer.StartAsync();
        await server.AddAsync(JobPhase.Running, "running-1");
        var lists = 0;
        server.Store.Observer = command =>
        {
            if (command.CommandText.Contains("LIMIT $count", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref lists);
            }
        };

        var pages = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => server.Http.GetStringAsync(server.Address, Cancellation)));

        Assert.All(pages, page => Assert.Contains("running-1", page, StringComparison.Ordinal));
        // However long it takes here, a page serves all who ask within a second.
        Assert.InRange(lists, 1, 50);
    }

    [Theory]
    [InlineData("cross-site", null, HttpStatusCode.Forbidden)]
    [InlineData("same-site", null, HttpStatusCode.Forbidden)]
    [InlineData(null, "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("same-origin", null, HttpStatusCode.Redirect)]
    [InlineData(null, null, HttpStatusCode.Redirect)]
    public async Task Post_FromAnotherSite_IsRefused(string? site, string? origin, HttpStatusCode expected)
    {
        await using var server = await WebServer.StartAsync();
        await server.AddAsync(JobPhase.Running, "running-1");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, "/jobs/running-1/suspend"));
        if (site is not null)
        {
            request.Headers.Add("Sec-Fetch-Site", site);
        }
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        using var response = await server.Http.SendAsync(request, Cancellation);

        Assert.Equal(expected, response.StatusCode);
        var done = expected == HttpStatusCode.Redirect;
        Assert.Equal(done ? JobPhase.Suspended : JobPhase.Running, (await server.Store.GetAsync("running-1"))!.Record.Phase);
    }

    [Theory]
    [InlineData("/jobs/none/suspend", HttpStatusCode.NotFound)]
    [InlineData("/jobs/failed-1/resume", HttpStatusCode.Conflict)]
    [InlineData("/jobs/failed-1/explode", HttpStatusCode.NotFound)]
    public async Task Post_ThatCannotBeDone_SaysWhy(string path, HttpStatusCode expected)
    {
        await using var server = await WebServer.StartAsync();
        await server.AddAsync(JobPhase.Failed, "failed-1");
        using var response = await server.Http.PostAsync(new Uri(server.Address, path), null, Cancellation);
        Assert.Equal(expected, response.StatusCode);
        Assert.Contains("<h1>", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("suspend", true)]
    [InlineData("resume", false)]
    public async Task Post_SuspendOrResume_IsTheCallOfTheApiWithItsAuditLineAndTrace(string action, bool suspend)
    {
        await using var server = await WebServer.StartAsync(
            AccessTokens.LineOf("eva-token", new("eva", AccessRole.Submitter, AccessGrant.AllNamespaces))
        );
        await server.AddAsync(suspend ? JobPhase.Running : JobPhase.Suspended, "job-1");
        if (!suspend)
        {
            await server.Store.EditAsync("job-1", job => new(Suspended(job.Spec), job.Labels));
        }
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        using var post = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, $"/jobs/job-1/{action}"));
        post.Headers.Authorization = Basic("eva-token");
        post.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");

        using var response = await server.Http.SendAsync(post, Cancellation);

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal(trace, Assert.Single(response.Headers.GetValues("trace-id")));
        var job = (await server.Store.GetAsync("job-1"))!;
        Assert.Equal(suspend, job.Spec.Suspend);
        Assert.Equal(suspend ? JobPhase.Suspended : JobPhase.Waiting, job.Record.Phase);
        // The queue has heard of the change, as it does of UpdateJob's.
        Assert.Equal(suspend, Assert.Single(server.Control.Edited).Spec.Suspend);
        var line = Assert.Single(server.Log, line => line.StartsWith("audit:", StringComparison.Ordinal));
        Assert.StartsWith($"audit: page/{action} 'job-1' by eva at 127.0.0.1, request ", line, StringComparison.Ordinal);
        Assert.Contains(": OK", line, StringComparison.Ordinal);
        Assert.Contains(trace, line, StringComparison.Ordinal);

        static V1.JobSpec Suspended(V1.JobSpec spec)
        {
            var suspended = spec.Clone();
            suspended.Suspend = true;
            return suspended;
        }
    }

    [Fact]
    public async Task Post_OfAnEndedJob_IsInTheAuditLogToo()
    {
        await using var server = await WebServer.StartAsync();
        await server.AddAsync(JobPhase.Failed, "failed-1");
        using var response = await server.Http.PostAsync(new Uri(server.Address, "/jobs/failed-1/cancel"), null, Cancellation);
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        var line = Assert.Single(server.Log, line => line.StartsWith("audit:", StringComparison.Ordinal));
        Assert.Contains(": FailedPrecondition job failed-1 has ended", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Model_OfASucceededJob_ComesAsOneFile()
    {
        await using var server = await WebServer.StartAsync();
        await server.AddAsync(JobPhase.Succeeded, "done-1");
        Directory.CreateDirectory(server.Data.Model("done-1"));
        await File.WriteAllTextAsync(Path.Combine(server.Data.Model("done-1"), "config.json"), "{}", Cancellation);

        var bytes = await server.Http.GetByteArrayAsync(new Uri(server.Address, "/jobs/done-1/model.zip"), Cancellation);

        await using var zip = await ZipArchive.CreateAsync(new MemoryStream(bytes), ZipArchiveMode.Read, false, null, Cancellation);
        Assert.Equal("done-1/config.json", Assert.Single(zip.Entries).FullName);
    }

    [Fact]
    public async Task Pages_JobOfAnotherNamespace_IsNotThere()
    {
        await using var server = await WebServer.StartAsync(AccessTokens.LineOf("eva-token", new("eva", AccessRole.Viewer, "team-a")));
        await server.AddAsync(JobPhase.Running, "ours", name: "team-a");
        await server.AddAsync(JobPhase.Running, "theirs", name: "team-b");

        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync("/", null)).Status);
        var (status, page) = await GetAsync("/", "eva-token");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("ours", page, StringComparison.Ordinal);
        Assert.DoesNotContain("theirs", page, StringComparison.Ordinal);
        foreach (var path in new[] { "/jobs/theirs", "/jobs/theirs/curve", "/jobs/theirs/audit", "/jobs/theirs/model.zip" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(path, "eva-token")).Status);
        }
        // A viewer gets no buttons, and no way around them.
        (status, page) = await GetAsync("/jobs/ours", "eva-token");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.DoesNotContain("action-suspend", page, StringComparison.Ordinal);
        using var post = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, "/jobs/ours/suspend"));
        post.Headers.Authorization = Basic("eva-token");
        using var refused = await server.Http.SendAsync(post, Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);

        async Task<(HttpStatusCode Status, string Text)> GetAsync(string path, string? token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, path));
            request.Headers.Authorization = token is null ? null : Basic(token);
            using var response = await server.Http.SendAsync(request, Cancellation);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
        }
    }

    private static System.Net.Http.Headers.AuthenticationHeaderValue Basic(string token) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"me:{token}"))));
}
