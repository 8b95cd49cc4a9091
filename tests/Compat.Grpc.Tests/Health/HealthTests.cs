using Compat.Grpc.Tests.Testing;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Compat.Grpc.Tests.HealthChecks;

public sealed class HealthTests
{
    private static Task<TestServer> StartAsync(Func<HealthCheckResult> check, bool cached = false) => TestServer.StartAsync(
        services: services =>
        {
            services
                .AddGrpcHealthChecks(options =>
                {
                    options.UseHealthChecksCache = cached;
                    options.Services.Map("tagged", context => context.Tags.Contains("deep"));
                })
                .AddCheck("one", check)
                .AddCheck("two", () => HealthCheckResult.Healthy(), ["deep"]);
        },
        map: application => application.MapGrpcHealthChecksService());

    [Theory]
    [InlineData(HealthStatus.Healthy, ServingStatus.Serving)]
    [InlineData(HealthStatus.Degraded, ServingStatus.Serving)]
    [InlineData(HealthStatus.Unhealthy, ServingStatus.NotServing)]
    public async Task Check_WholeServer_FollowsTheChecks(HealthStatus status, ServingStatus expected)
    {
        await using var server = await StartAsync(() => new HealthCheckResult(status));
        var client = new Health.HealthClient(server.Channel());

        Assert.Equal(expected, (await client.CheckAsync(new HealthCheckRequest())).Status);
    }

    [Fact]
    public async Task Check_MappedService_AsksOnlyItsChecks()
    {
        await using var server = await StartAsync(() => HealthCheckResult.Unhealthy());
        var client = new Health.HealthClient(server.Channel());

        Assert.Equal(ServingStatus.Serving, (await client.CheckAsync(new HealthCheckRequest { Service = "tagged" })).Status);
    }

    [Fact]
    public async Task Check_UnknownService_NotFound()
    {
        await using var server = await StartAsync(() => HealthCheckResult.Healthy());
        var client = new Health.HealthClient(server.Channel());

        var failure = await RawCalls.FailureAsync(() => client.CheckAsync(new HealthCheckRequest { Service = "none" }).ResponseAsync);

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
    }

    [Fact]
    public async Task Watch_PublishedStatusChanges_EachChangeArrives()
    {
        await using var server = await StartAsync(() => HealthCheckResult.Healthy(), cached: true);
        var published = server.Services.GetRequiredService<HealthServiceImpl>();

        using var watch = new Health.HealthClient(server.Channel()).Watch(new HealthCheckRequest { Service = "mine" });
        var seen = new List<ServingStatus>();
        await NextAsync();
        published.SetStatus("mine", ServingStatus.Serving);
        await NextAsync();
        published.SetStatus("mine", ServingStatus.NotServing);
        await NextAsync();
        published.ClearStatus("mine");
        await NextAsync();

        Assert.Equal([ServingStatus.ServiceUnknown, ServingStatus.Serving, ServingStatus.NotServing, ServingStatus.ServiceUnknown], seen);

        async Task NextAsync()
        {
            Assert.True(await watch.ResponseStream.MoveNext().WaitAsync(RawCalls.Patience));
            seen.Add(watch.ResponseStream.Current.Status);
        }
    }

    [Fact]
    public async Task Watch_ApplicationStops_EndsWithNotServing()
    {
        await using var server = await StartAsync(() => HealthCheckResult.Healthy());
        using var watch = new Health.HealthClient(server.Channel()).Watch(new HealthCheckRequest());
        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(ServingStatus.Serving, watch.ResponseStream.Current.Status);

        var stop = server.StopAsync();

        Assert.True(await watch.ResponseStream.MoveNext().WaitAsync(RawCalls.Patience));
        Assert.Equal(ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.False(await watch.ResponseStream.MoveNext());
        await stop.WaitAsync(RawCalls.Patience);
    }
}
