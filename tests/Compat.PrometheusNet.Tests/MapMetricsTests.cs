using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace Compat.PrometheusNet.Tests;

public sealed class MapMetricsTests : IAsyncLifetime
{
    private readonly TestRegistry _registry = new();
    private readonly HttpClient _client = new();
    private WebApplication? _app;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapMetrics("/metrics", _registry.Registry);
        await _app.StartAsync();
        _client.BaseAddress = new Uri(_app.Urls.Single());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app!.DisposeAsync();
    }

    [Theory]
    [InlineData(null, "text/plain", "0.0.4")]
    [InlineData("*/*", "text/plain", "0.0.4")]
    [InlineData("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "application/openmetrics-text", "1.0.0")]
    [InlineData("application/openmetrics-text;q=0.2,text/plain;q=0.9", "text/plain", "0.0.4")]
    public async Task Get_ByAcceptHeader_ChoosesTheFormat(string? accept, string mediaType, string version)
    {
        _registry.Factory.CreateCounter("steps_total", "Steps.").Inc();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(mediaType, response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(version, response.Content.Headers.ContentType.Parameters.Single(parameter => parameter.Name == "version").Value);
        Assert.Equal(mediaType != "text/plain", (await response.Content.ReadAsStringAsync()).EndsWith("# EOF\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_AllKindsOfMetrics_PassPromtool()
    {
        Assert.SkipUnless(FindOnPath("promtool") is not null, "promtool is not installed (Debian: apt-get install prometheus)");
        DotNetStats.Register(_registry.Registry);
        _registry.Factory.CreateCounter("steps_total", "Steps done.", "job").WithLabels("a\"b\\c\nd").Inc();
        _registry.Factory.CreateGauge("workers", "Workers by state.", "state").WithLabels("idle").Set(double.PositiveInfinity);
        var histogram = _registry.Factory.CreateHistogram("step_duration_seconds", "Duration of a step.", ["phase"], new HistogramConfiguration { Buckets = Histogram.ExponentialBuckets(0.001, 2, 12) });
        histogram.WithLabels("forward").Observe(0.02);
        histogram.WithLabels("backward").Observe(2000);

        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await promtool.StandardInput.WriteAsync(await _client.GetStringAsync("/metrics"));
        promtool.StandardInput.Close();
        var errors = promtool.StandardError.ReadToEndAsync();
        var output = await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.Equal("", output + await errors);
        Assert.Equal(0, promtool.ExitCode);
    }

    private static string? FindOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
