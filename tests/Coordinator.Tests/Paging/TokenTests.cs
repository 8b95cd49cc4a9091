using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Paging;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;
using TrainingCluster.Paging;

namespace TrainingCluster.Coordinator.Tests.Paging;

public class TokenTests
{
    private static string Problem(Action read)
    {
        var error = Assert.Throws<RpcException>(read);
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var violation = Assert.Single(RpcErrorDetails.Find<BadRequest>(error)!.FieldViolations);
        Assert.Equal("page_token", violation.Field);
        return violation.Description;
    }

    [Fact]
    public void Read_OfTheSameScope_GivesThePlace()
    {
        Assert.Equal("a/ü", OpaqueToken.Read("page_token", OpaqueToken.Of("list", "a/ü"), "list", "fix"));
        Assert.Equal(long.MaxValue, NumberToken.Read("page_token", NumberToken.Of("list", long.MaxValue), "list", long.MaxValue, "fix"));
    }

    [Fact]
    public void Read_WhatIsNoneOfOurs_IsRefusedByName()
    {
        var token = NumberToken.Of("list", 7);
        Assert.Contains("is no token of this cluster; fix", Problem(() => Read("7")), StringComparison.Ordinal);
        Assert.Contains("is no token of this cluster", Problem(() => Read("=/+")), StringComparison.Ordinal);
        Assert.Contains("is no token of this cluster", Problem(() => Read(token[..^2] + "AA")), StringComparison.Ordinal);
        Assert.Contains("of another version", Problem(() => Read("Ag" + token[2..])), StringComparison.Ordinal);
        Assert.Contains("another call, filter or job", Problem(() => Read(NumberToken.Of("other", 7))), StringComparison.Ordinal);
        Assert.Contains("has not seen yet", Problem(() => Read(NumberToken.Of("list", 8))), StringComparison.Ordinal);
        Assert.Equal(7, Read(token));
        Assert.InRange(Problem(() => Read(new string('A', 100_000))).Length, 1, 300);

        static long Read(string token) => NumberToken.Read("page_token", token, "list", 7, "fix");
    }

    [Fact]
    public async Task WatchJob_TokenOfAnotherJobOrTheFuture_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running, id: "one");
        await server.AddAsync(JobPhase.Failed, id: "two");
        foreach (var token in new[] { EventToken.Of("one", 1), EventToken.Of("two", 99) })
        {
            using var call = server.Jobs.WatchJob(new() { Id = "two", ResumeToken = token });
            var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
            Assert.Equal("resume_token", Assert.Single(RpcErrorDetails.Find<BadRequest>(error)!.FieldViolations).Field);
        }
    }

    [Fact]
    public async Task ListJobs_TokenOfAnotherFilter_IsRefused()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running, id: "one");
        await server.AddAsync(JobPhase.Running, id: "two");
        var page = await server.Jobs.ListJobsAsync(new() { PageSize = 1, Filter = "state = RUNNING" });
        Assert.Equal("two", Assert.Single(page.Jobs).Id);
        var next = await server.Jobs.ListJobsAsync(
            new()
            {
                PageSize = 1,
                Filter = "state = RUNNING",
                PageToken = page.NextPageToken,
            }
        );
        Assert.Equal(("one", ""), (Assert.Single(next.Jobs).Id, next.NextPageToken));
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await server.Jobs.ListJobsAsync(new() { PageToken = page.NextPageToken })
        );
        Assert.Equal("page_token", Assert.Single(RpcErrorDetails.Find<BadRequest>(error)!.FieldViolations).Field);
    }
}
