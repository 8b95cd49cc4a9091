using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace Prometheus;

/// <summary>Answers a scrape; the format follows the Accept header.</summary>
public sealed class MetricServerMiddleware
{
    private readonly Settings _settings;

    /// <summary>The end of its pipeline: <paramref name="next"/> is never called.</summary>
    public MetricServerMiddleware(RequestDelegate next, Settings settings)
    {
        ArgumentNullException.ThrowIfNull(next);
        _settings = settings;
    }

    public async Task Invoke(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var openMetrics = _settings.EnableOpenMetrics && PrefersOpenMetrics(context.Request.Headers.Accept.ToString());
        var response = context.Response;
        try
        {
            var text = await (_settings.Registry ?? Metrics.DefaultRegistry)
                .CollectAsync(openMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText, context.RequestAborted);
            response.ContentType = openMetrics
                ? PrometheusConstants.OpenMetricsContentTypeWithVersionAndEncoding
                : PrometheusConstants.TextContentTypeWithVersionAndEncoding;
            response.ContentLength = text.Length;
            await response.Body.WriteAsync(text, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The scraper has gone.
        }
        catch (ScrapeFailedException exception)
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await response.WriteAsync(exception.Message, CancellationToken.None);
        }
    }

    private static bool PrefersOpenMetrics(string accept)
    {
        var preferred = accept.Split(',')
            .Select(part => MediaTypeWithQualityHeaderValue.TryParse(part, out var type) ? type : null)
            .Where(type => type?.MediaType is PrometheusConstants.TextContentType or PrometheusConstants.OpenMetricsContentType)
            .OrderByDescending(type => type!.Quality ?? 1)
            .FirstOrDefault();
        return preferred?.MediaType == PrometheusConstants.OpenMetricsContentType;
    }

    public sealed class Settings
    {
        /// <summary>What is exported. Null: <see cref="Metrics.DefaultRegistry"/>.</summary>
        public CollectorRegistry? Registry { get; set; }

        /// <summary>Whether OpenMetrics is offered to those who ask for it.</summary>
        public bool EnableOpenMetrics { get; set; } = true;
    }
}
