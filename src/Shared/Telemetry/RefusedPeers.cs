using Akka.Actor;
using Akka.Event;

namespace TrainingCluster.Telemetry;

/// <summary>
/// Hears what came in at the actors' port and was refused. Of a stranger who fails before he has said who he is, or of a message that
/// cannot
/// be read, Akka.Remote publishes no event of its own: the log is the one place where it says so, and its log is a stream of objects.
/// </summary>
public sealed class RefusedPeers : ReceiveActor
{
    /// <summary>Its name.</summary>
    public const string Name = "refused-peers";

    private const string Transports = "/system/transports/";

    /// <summary>Listens to its system's event stream.</summary>
    /// <param name="refusals">Counts them.</param>
    public RefusedPeers(Refusals refusals)
    {
        ArgumentNullException.ThrowIfNull(refusals);
        Context.System.EventStream.Subscribe(Self, typeof(Error));
        Context.System.EventStream.Subscribe(Self, typeof(Warning));
        Receive<LogEvent>(log =>
        {
            if (Reason(log) is { } reason)
            {
                refusals.NotePeer(reason, log.Cause?.Message ?? log.Message.ToString() ?? "");
            }
        });
    }

    /// <summary>Why something was refused: the exception's name. Null: the event is about something else.</summary>
    internal static string? Reason(LogEvent log) =>
        (log.LogClass?.Name, log) switch
        {
            // The connection's bytes are no frames, or the connection broke.
            ("TcpServerHandler", Error { Cause: { } cause }) => cause.GetType().Name,
            // A frame that is no word of the protocol, or none within the time for it.
            (_, Error { Cause: { } cause }) when log.LogSource.Contains(Transports, StringComparison.Ordinal) => cause.GetType().Name,
            ("ProtocolStateActor", Error) when log.Message.ToString()!.Contains("inbound", StringComparison.Ordinal) => nameof(
                TimeoutException
            ),
            // A message that no serialiser may read.
            ("EndpointReader", Warning { Cause: { } cause }) => cause.GetType().Name,
            _ => null,
        };
}
