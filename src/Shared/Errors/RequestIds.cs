using Microsoft.AspNetCore.Http;

namespace TrainingCluster.Errors;

/// <summary>By its id operators find a call in the log.</summary>
public static class RequestIds
{
    /// <summary>The metadata key in which clients may send one.</summary>
    public const string Header = "x-request-id";

    private const int Longest = 200;

    /// <summary>The client's id of a call, on one line, or one that we made.</summary>
    public static string Of(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return http.Request.Headers[Header].ToString() is { Length: > 0 } sent ? OneLine(sent) : http.TraceIdentifier;
    }

    /// <summary>What a caller wrote as a log line takes it: one line of bounded length.</summary>
    public static string OneLine(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var line = string.Concat(text.Take(Longest).Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length > Longest ? line + "…" : line;
    }
}
