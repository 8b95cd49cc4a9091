using System.Globalization;

namespace Grpc.Wire;

/// <summary><c>grpc-timeout</c>: at most eight digits and a unit.</summary>
internal static class Timeouts
{
    private const long MaxDigits = 99_999_999;

    /// <summary>The finest unit whose number has at most eight digits; rounded up, so that no time is lost.</summary>
    public static string Encode(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            return "1n";
        (long Ticks, char Name)[] units =
        [
            (TimeSpan.TicksPerMicrosecond, 'u'), (TimeSpan.TicksPerMillisecond, 'm'), (TimeSpan.TicksPerSecond, 'S'), (TimeSpan.TicksPerMinute, 'M'),
        ];
        foreach (var (ticks, name) in units)
        {
            var count = (timeout.Ticks - 1) / ticks + 1;
            if (count <= MaxDigits)
                return count.ToString(CultureInfo.InvariantCulture) + name;
        }
        return Math.Min((timeout.Ticks - 1) / TimeSpan.TicksPerHour + 1, MaxDigits).ToString(CultureInfo.InvariantCulture) + 'H';
    }

    /// <summary>Null when there is no header, or none that says a time above zero.</summary>
    public static TimeSpan? Decode(string? header)
    {
        if (header is not { Length: >= 2 and <= 9 }
            || !long.TryParse(header.AsSpan(0, header.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count == 0)
        {
            return null;
        }
        return header[^1] switch
        {
            'H' => TimeSpan.FromTicks(count * TimeSpan.TicksPerHour),
            'M' => TimeSpan.FromTicks(count * TimeSpan.TicksPerMinute),
            'S' => TimeSpan.FromTicks(count * TimeSpan.TicksPerSecond),
            'm' => TimeSpan.FromTicks(count * TimeSpan.TicksPerMillisecond),
            'u' => TimeSpan.FromTicks(count * TimeSpan.TicksPerMicrosecond),
            'n' => TimeSpan.FromTicks(Math.Max(1, count / TimeSpan.NanosecondsPerTick)),
            _ => null,
        };
    }
}
