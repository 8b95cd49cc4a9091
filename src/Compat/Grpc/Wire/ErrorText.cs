namespace Grpc.Wire;

/// <summary>An exception and its causes in one line: type and message of each.</summary>
internal static class ErrorText
{
    public static string Of(Exception error)
    {
        var parts = new List<string>();
        for (var current = error; current is not null; current = current.InnerException)
            parts.Add($"{current.GetType().Name}: {current.Message}");
        return string.Join(' ', parts);
    }
}
