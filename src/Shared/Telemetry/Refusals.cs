using System.Diagnostics.Metrics;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace TrainingCluster.Telemetry;

/// <summary>
/// Counts and logs what came in at this process' ports and was refused: calls that ended with an error, and connections that did
/// not speak HTTP or the actors' protocol, or broke.
/// </summary>
public sealed partial class Refusals : IDisposable
{
    private const string KestrelMeter = "Microsoft.AspNetCore.Server.Kestrel";
    private const string ConnectionInstrument = "kestrel.connection.duration";
    private readonly Counter _refused;
    private readonly ILogger _logger;
    private readonly MeterListener _listener = new();

    /// <summary>Makes the metric in a registry.</summary>
    /// <param name="factory">Of the registry.</param>
    /// <param name="loggers">Where each refusal is told.</param>
    public Refusals(MetricFactory factory, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(factory);
        _logger = loggers.CreateLogger<Refusals>();
        _refused = factory.CreateCounter(
            "training_cluster_refused_total",
            "What came in and was refused, by kind (call, connection, peer) and reason.",
            "kind",
            "reason"
        );
        // So that the metric is there before anything was refused.
        _refused.WithLabels("connection", "invalid_handshake").Inc(0);
    }

    /// <summary>Watches a server's calls and connections. Before it starts, and before its endpoints are mapped.</summary>
    public void Watch(WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Use(
            async (http, next) =>
            {
                await next(http);
                NoteCall(http);
            }
        );
        // Kestrel tells nobody but its own meter why it gave a connection up.
        var meters = app.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == ConnectionInstrument && instrument.Meter.Name == KestrelMeter && instrument.Meter.Scope == meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, _, tags, _) => NoteConnection(tags));
        _listener.Start();
    }

    /// <summary>Notes a connection that was refused for what came in over it.</summary>
    /// <param name="reason">In one word.</param>
    /// <param name="message">For people.</param>
    public void NoteConnection(string reason, string message)
    {
        _refused.WithLabels("connection", reason).Inc();
        LogDataConnection(message);
    }

    /// <summary>Notes what a peer of the actors sent and was refused.</summary>
    /// <param name="reason">In one word.</param>
    /// <param name="message">For people.</param>
    public void NotePeer(string reason, string message)
    {
        _refused.WithLabels("peer", reason).Inc();
        LogPeer(message);
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void NoteCall(HttpContext http)
    {
        // What is no call (a page, metrics) has none.
        if (CallStatus.Of(http) is not { } status || status is StatusCode.OK or StatusCode.Cancelled)
        {
            return;
        }
        var reason = status.ToString();
        _refused.WithLabels("call", reason).Inc();
        LogCall(http.Request.Path.Value, http.Connection.RemoteIpAddress, http.Connection.RemotePort, reason);
    }

    private void NoteConnection(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string? reason = null;
        object? port = null;
        foreach (var (name, value) in tags)
        {
            if (name == "error.type")
            {
                reason = value as string;
            }
            else if (name == "server.port")
            {
                port = value;
            }
        }
        if (reason is null)
        {
            return;
        }
        _refused.WithLabels("connection", reason).Inc();
        LogConnection(port, reason);
    }

    [LoggerMessage(
        EventId = 400,
        Level = LogLevel.Information,
        Message = "a call of {Method} from {Address} port {Port} ended with status {Reason}"
    )]
    private partial void LogCall(string? method, System.Net.IPAddress? address, int port, string reason);

    [LoggerMessage(EventId = 401, Level = LogLevel.Information, Message = "a connection to port {Port} was given up: {Reason}")]
    private partial void LogConnection(object? port, string reason);

    [LoggerMessage(EventId = 403, Level = LogLevel.Information, Message = "a data connection was refused: {Reason}")]
    private partial void LogDataConnection(string reason);

    [LoggerMessage(EventId = 402, Level = LogLevel.Information, Message = "refused at the actors' port: {Reason}")]
    private partial void LogPeer(string reason);
}
