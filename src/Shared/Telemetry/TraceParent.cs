using System.Diagnostics;

namespace TrainingCluster.Telemetry;

/// <summary>
/// The id that a client's call and all that follows from it have in common, as programs tell it to one another: W3C Trace Context,
/// <c>00-TRACE-SPAN-FLAGS</c>.
/// </summary>
public static class TraceParent
{
    /// <summary>The metadata key.</summary>
    public const string Key = "traceparent";

    /// <summary>The metadata key by which a server tells the trace id of a call.</summary>
    public const string AnswerKey = "trace-id";

    // Version, trace, span and flags with the dashes between them.
    private const int Length = 55;

    /// <summary>Reads such a text.</summary>
    /// <returns>Null: this is none. Who gets one from outside makes a new one then, as the specification says.</returns>
    public static ActivityContext? Read(string? text)
    {
        if (text is null || text.Length < Length || text[2] != '-' || text[35] != '-' || text[52] != '-')
        {
            return null;
        }
        var (version, trace, span, flags) = (text[..2], text[3..35], text[36..52], text[53..Length]);
        // A later version may have more at its end, and means by the beginning the same.
        var ends = text.Length == Length || (version != "00" && text[Length] == '-');
        return ends && version != "ff" && IsHex(version) && IsHex(flags) && IsId(trace) && IsId(span)
            ? new ActivityContext(
                ActivityTraceId.CreateFromString(trace),
                ActivitySpanId.CreateFromString(span),
                (Convert.ToByte(flags, 16) & 1) == 1 ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None,
                isRemote: true
            )
            : null;
    }

    /// <summary>Writes such a text.</summary>
    public static string Write(ActivityContext context) =>
        $"00-{context.TraceId}-{context.SpanId}-{(context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? "01" : "00")}";

    /// <summary>A new one.</summary>
    public static ActivityContext New() => new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);

    /// <summary>The trace id that such a text names; empty: it names none.</summary>
    public static string TraceIdOf(string? text) => Read(text)?.TraceId.ToString() ?? "";

    private static bool IsHex(string text) => text.All(char.IsAsciiHexDigitLower);

    private static bool IsId(string text) => IsHex(text) && text.Any(c => c != '0');
}
