using Google.Protobuf.WellKnownTypes;

namespace TrainingCluster.Jobs;

/// <summary>Lengths of time in messages, and as numbers of seconds.</summary>
public static class ProtoDurations
{
    // What the message may hold: some ten thousand years.
    private const double Longest = Duration.MaxSeconds;

    /// <summary>A number of seconds as a message: what is not a number becomes 0, what is too long the longest.</summary>
    public static Duration OfSeconds(double seconds)
    {
        var bounded = double.IsNaN(seconds) ? 0 : Math.Clamp(seconds, -Longest, Longest);
        var whole = Math.Truncate(bounded);
        return new() { Seconds = (long)whole, Nanos = (int)((bounded - whole) * Duration.NanosecondsPerSecond) };
    }

    /// <summary>A length of time in seconds; 0 where there is none.</summary>
    public static double TotalSeconds(this Duration? duration) =>
        duration is null ? 0 : duration.Seconds + duration.Nanos / (double)Duration.NanosecondsPerSecond;
}
