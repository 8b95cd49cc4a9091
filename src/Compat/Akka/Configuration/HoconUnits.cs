using System.Globalization;

namespace Akka.Configuration;

/// <summary>Durations, sizes and paths as HOCON writes them.</summary>
internal static class HoconUnits
{
    internal static TimeSpan ParseDuration(string path, string text, bool allowInfinite)
    {
        if (allowInfinite && text.Equals("infinite", StringComparison.OrdinalIgnoreCase)) return Timeout.InfiniteTimeSpan;
        var (number, unit) = Split(text);
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || value < 0)
            throw Config.Wrong(path, text, "a duration such as 300ms or 2s");
        return unit switch
        {
            "" or "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => TimeSpan.FromMilliseconds(value),
            "s" or "second" or "seconds" => TimeSpan.FromSeconds(value),
            "m" or "minute" or "minutes" => TimeSpan.FromMinutes(value),
            "h" or "hour" or "hours" => TimeSpan.FromHours(value),
            "d" or "day" or "days" => TimeSpan.FromDays(value),
            "us" or "micro" or "micros" or "microsecond" or "microseconds" => TimeSpan.FromMicroseconds(value),
            _ => throw Config.Wrong(path, text, "a duration such as 300ms or 2s"),
        };
    }

    internal static long ParseByteSize(string path, string text)
    {
        var (number, unit) = Split(text);
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || value < 0)
            throw Config.Wrong(path, text, "a size such as 128000b or 30KiB");
        var factor = unit switch
        {
            "" or "b" or "B" or "byte" or "bytes" => 1L,
            "kB" or "KB" or "kilobyte" or "kilobytes" => 1000L,
            "k" or "K" or "Ki" or "KiB" or "kibibyte" or "kibibytes" => 1L << 10,
            "MB" or "megabyte" or "megabytes" => 1_000_000L,
            "m" or "M" or "Mi" or "MiB" or "mebibyte" or "mebibytes" => 1L << 20,
            "GB" or "gigabyte" or "gigabytes" => 1_000_000_000L,
            "g" or "G" or "Gi" or "GiB" or "gibibyte" or "gibibytes" => 1L << 30,
            _ => throw Config.Wrong(path, text, "a size such as 128000b or 30KiB"),
        };
        return (long)(value * factor);
    }

    /// <summary>Splits at the dots outside quotes.</summary>
    internal static IEnumerable<string> SplitPath(string path)
    {
        var start = 0;
        var quoted = false;
        for (var i = 0; i <= path.Length; i++)
        {
            if (i < path.Length && path[i] == '"') quoted = !quoted;
            if (i < path.Length && (path[i] != '.' || quoted)) continue;
            yield return path[start..i].Trim('"');
            start = i + 1;
        }
    }

    private static (string Number, string Unit) Split(string text)
    {
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] is '.' or '-' or '+')) end++;
        return (text[..end], text[end..].Trim());
    }
}
