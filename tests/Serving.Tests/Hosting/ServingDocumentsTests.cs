using TrainingCluster.Serving.Hosting;
using TrainingCluster.Settings;

namespace TrainingCluster.Serving.Tests.Hosting;

public class ServingDocumentsTests
{
    [Fact]
    public void Settings_OfTheServer_AreDocumented() =>
        GeneratedDocument.VerifySection("Serving", SettingsTable.Of(ServingSections.All), "docs", "configuration.md");

    [Fact]
    public async Task Metrics_OfTheServer_AreDocumented()
    {
        await using var server = await TestServer.StartAsync();
        server.Published.PublishDisk(Path.GetTempPath());
        var text = await server.Http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal(DocumentedMetrics.Of("Serving"), DocumentedMetrics.Exposed(text));
    }

    [Fact]
    public async Task Health_OfTheServer_SaysWhetherItCanBeCalled()
    {
        await using var server = await TestServer.StartAsync();
        var health = new Grpc.Health.V1.Health.HealthClient(server.Channel);
        foreach (var service in new[] { "", "cluster.v1.Inference" })
        {
            var answer = await health.CheckAsync(new() { Service = service }, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
        }
        Assert.Equal("ready\n", await server.Http.GetStringAsync("/readyz", TestContext.Current.CancellationToken));
        await server.Gate.CloseAsync();
        var closed = await server.Http.GetAsync("/readyz", TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, closed.StatusCode);
        // Starting it anew would not help.
        Assert.Equal("ok\n", await server.Http.GetStringAsync("/healthz", TestContext.Current.CancellationToken));
    }
}
