using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TrainingCluster.Access;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Tests.Hosting;

namespace TrainingCluster.Coordinator.Tests.Api;

/// <summary>The calls over HTTP with JSON: the same services, the same rules.</summary>
public class TranscodingTests
{
    [Fact]
    public async Task CreateGetUpdateAndDelete_OverHttp_AreTheSameCalls()
    {
        await using var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        using var http = new HttpApi(server);

        var (status, created) = await http.CallAsync(
            HttpMethod.Post,
            "/v1/jobs",
            $$$"""{"spec":{"dataset":{"fingerprint":"{{{TestDataset.Fingerprint}}}"}},"labels":{"team":"nlp"},"requestId":"r"}"""
        );
        Assert.Equal((HttpStatusCode.OK, "JOB_STATE_QUEUED"), (status, created["state"]!.GetValue<string>()));
        var id = created["id"]!.GetValue<string>();
        var job = await server.Jobs.GetJobAsync(new() { Id = id });
        Assert.Equal(("nlp", job.CreateTime.ToDateTimeOffset()), (job.Labels["team"], created["createTime"]!.GetValue<DateTimeOffset>()));

        var (_, listed) = await http.CallAsync(HttpMethod.Get, "/v1/jobs?filter=labels.team%3Dnlp&pageSize=5");
        Assert.Equal(id, Assert.Single(listed["jobs"]!.AsArray())!["id"]!.GetValue<string>());
        var (_, updated) = await http.CallAsync(HttpMethod.Patch, $"/v1/jobs/{id}?updateMask=spec.priority", """{"spec":{"priority":7}}""");
        Assert.Equal(7, updated["spec"]!["priority"]!.GetValue<int>());
        var (_, cancelled) = await http.CallAsync(HttpMethod.Post, $"/v1/jobs/{id}:cancel", """{"reason":"enough"}""");
        Assert.Equal("JOB_STATE_CANCELLED", cancelled["state"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.OK, (await http.CallAsync(HttpMethod.Delete, $"/v1/jobs/{id}")).Status);
    }

    [Fact]
    public async Task WatchJob_OverHttp_IsALineOfJsonForEachEvent()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        await server.Jobs.CancelJobAsync(new() { Id = "job-1", Reason = "enough" });
        using var http = new HttpApi(server);
        var events = await http.LinesAsync("/v1/jobs/job-1:watch");
        Assert.Equal(["JOB_STATE_QUEUED", "JOB_STATE_CANCELLED"], events.Select(e => e["state"]!["state"]!.GetValue<string>()));
        var rest = await http.LinesAsync($"/v1/jobs/job-1:watch?resumeToken={events[0]["token"]}");
        Assert.Equal("enough", Assert.Single(rest)["state"]!["reason"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("GET", "/v1/jobs/nope", null, HttpStatusCode.NotFound, "JOB_NOT_FOUND")]
    [InlineData("GET", "/v1/jobs?pageSize=-1", null, HttpStatusCode.BadRequest, "INVALID_FIELDS")]
    [InlineData("GET", "/v1/jobs/nope:watch", null, HttpStatusCode.NotFound, "JOB_NOT_FOUND")]
    [InlineData("POST", "/v1/jobs", """{"spec":{"training":{"logicalShards":3}}}""", HttpStatusCode.BadRequest, "INVALID_FIELDS")]
    [InlineData("POST", "/v1/jobs", """{"spec":{"dataset":{"fingerprint":"NONE"}}}""", HttpStatusCode.BadRequest, "INVALID_FIELDS")]
    public async Task BadRequests_OverHttp_AreStatusesWithDetails(
        string method,
        string path,
        string? body,
        HttpStatusCode status,
        string reason
    )
    {
        await using var server = await TestServer.StartAsync();
        using var http = new HttpApi(server);
        var (code, error) = await http.CallAsync(new HttpMethod(method), path, body);
        Assert.Equal(status, code);
        var details = error["details"]!.AsArray();
        Assert.Contains(details, d => Type(d!) == "google.rpc.ErrorInfo" && d!["reason"]!.GetValue<string>() == reason);
        Assert.Contains(details, d => Type(d!) == "google.rpc.RequestInfo");
    }

    [Fact]
    public async Task JsonThatCannotBeRead_OverHttp_IsAStatus()
    {
        await using var server = await TestServer.StartAsync();
        using var http = new HttpApi(server);
        var (code, error) = await http.CallAsync(HttpMethod.Post, "/v1/jobs", """{"spec":""");
        Assert.Equal((HttpStatusCode.BadRequest, 3), (code, error["code"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Calls_OverHttp_NeedTheSameTokensAndRoles()
    {
        var tokens = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(tokens, $"{Hash("reads")} reader viewer *\n{Hash("works")} worker-of-a submitter a\n");
            await using var server = await TestServer.StartAsync(access: new AccessOptions { Tokens = tokens });
            await server.AddAsync(JobPhase.Running);
            using var nobody = new HttpApi(server);
            using var reader = new HttpApi(server, "reads");
            using var other = new HttpApi(server, "works");

            var (none, error) = await nobody.CallAsync(HttpMethod.Get, "/v1/jobs/job-1");
            Assert.Equal((HttpStatusCode.Unauthorized, 16), (none, error["code"]!.GetValue<int>()));
            Assert.Equal(HttpStatusCode.OK, (await reader.CallAsync(HttpMethod.Get, "/v1/jobs/job-1")).Status);
            Assert.Equal(HttpStatusCode.Forbidden, (await reader.CallAsync(HttpMethod.Post, "/v1/jobs/job-1:cancel", "{}")).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await other.CallAsync(HttpMethod.Get, "/v1/jobs/job-1")).Status);
        }
        finally
        {
            File.Delete(tokens);
        }
    }

    private static string Type(JsonNode detail) => detail["@type"]!.GetValue<string>().Split('/')[^1];

    private static string Hash(string token) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))}";
}
