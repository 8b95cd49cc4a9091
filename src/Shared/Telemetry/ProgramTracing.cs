using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using TrainingCluster.Hosting;

namespace TrainingCluster.Telemetry;

/// <summary>
/// Sends a program's spans to a collector over OTLP, where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one. The other variables of the
/// OpenTelemetry specification hold too: <c>OTEL_EXPORTER_OTLP_PROTOCOL</c>, <c>OTEL_TRACES_SAMPLER</c>, <c>OTEL_SERVICE_NAME</c>, ….
/// </summary>
public sealed partial class ProgramTracing : IDisposable
{
    private const string Variable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string TracesVariable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

    // A collector that does not answer must not hold up the end.
    private const int FlushMilliseconds = 2000;

    private readonly TracerProvider? _provider;

    private ProgramTracing(TracerProvider? provider) => _provider = provider;

    /// <summary>Begins to send, if a collector is named.</summary>
    /// <param name="program">"coordinator" or "worker".</param>
    /// <param name="instance">The name of this one of its kind.</param>
    /// <param name="loggers">Told of a collector that does not answer.</param>
    /// <exception cref="InvalidDataException">What is named is no address.</exception>
    public static ProgramTracing Start(string program, string instance, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        if (Endpoint() is not { } endpoint)
        {
            return new(null);
        }
        var batches = new BatchExportActivityProcessorOptions();
        return new(
            Sdk.CreateTracerProviderBuilder()
                .AddSource(Spans.SourceName)
                .SetResourceBuilder(
                    ResourceBuilder
                        .CreateEmpty()
                        .AddService($"training-cluster-{program}", serviceVersion: BuildInfo.Version, serviceInstanceId: instance)
                        .AddTelemetrySdk()
                        .AddEnvironmentVariableDetector()
                )
                .AddProcessor(
                    new BatchActivityExportProcessor(
                        new Exporter(endpoint, loggers.CreateLogger<ProgramTracing>()),
                        batches.MaxQueueSize,
                        batches.ScheduledDelayMilliseconds,
                        batches.ExporterTimeoutMilliseconds,
                        batches.MaxExportBatchSize
                    )
                )
                .Build()
        );
    }

    /// <summary>Sends what is left, for two seconds at most.</summary>
    public void Dispose()
    {
        _provider?.Shutdown(FlushMilliseconds);
        _provider?.Dispose();
    }

    private static string? Endpoint()
    {
        var (name, value) = Value(TracesVariable) is { } traces ? (TracesVariable, traces) : (Variable, Value(Variable));
        if (value is null || Value("OTEL_SDK_DISABLED") == "true" || Value("OTEL_TRACES_EXPORTER") == "none")
        {
            return null;
        }
        return Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? value
            : throw new InvalidDataException($"{name} '{value}' is no address; write it as http://host:4317");
    }

    private static string? Value(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    /// <summary>Says once that the collector does not answer, and once that it does again.</summary>
    private sealed partial class Exporter(string endpoint, ILogger logger) : OtlpTraceExporter(new OtlpExporterOptions())
    {
        private bool _fails;

        public override ExportResult Export(in Batch<Activity> activityBatch)
        {
            var result = base.Export(activityBatch);
            var fails = result == ExportResult.Failure;
            if (fails && !_fails)
            {
                LogFails(endpoint);
            }
            else if (!fails && _fails)
            {
                LogAnswers(endpoint);
            }
            _fails = fails;
            return result;
        }

        [LoggerMessage(
            EventId = 120,
            Level = LogLevel.Warning,
            Message = "traces cannot be sent to {Endpoint}: they are lost until it answers; all else goes on. This is said once"
        )]
        private partial void LogFails(string endpoint);

        [LoggerMessage(EventId = 121, Level = LogLevel.Information, Message = "{Endpoint} takes traces again")]
        private partial void LogAnswers(string endpoint);
    }
}
