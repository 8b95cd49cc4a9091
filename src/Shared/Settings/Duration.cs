using System.Globalization;

namespace TrainingCluster.Settings;

/// <summary>Times as people write them: a number and a unit, "250 ms", "10 s", "1.5 min", "2 h".</summary>
public static class Duration
{
    // The longer unit first: "ms" does not end in a number and "s".
    private static readonly (string Unit, TimeSpan Length)[] s_units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("min", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
        ("s", TimeSpan.FromSeconds(1)),
    ];

    /// <summary>Reads a time.</summary>
    /// <returns>False: this is none.</returns>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        duration = default;
        text = text?.Trim() ?? "";
        foreach (var (unit, length) in s_units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal))
            {
                continue;
            }
            var parsed = double.TryParse(
                text[..^unit.Length],
                NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite,
                CultureInfo.InvariantCulture,
                out var number
            );
            // Longer than anybody waits, and far from where ticks overflow. Names of infinities are numbers whatever the style allows.
            if (!parsed || !(number >= 0 && number * length.TotalHours <= 1e6))
            {
                return false;
            }
            duration = number * length;
            return true;
        }
        return false;
    }

    /// <summary>Reads a time that stands in the code.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static TimeSpan Parse(string text) =>
        TryParse(text, out var duration) ? duration : throw new FormatException($"'{text}' is no time such as 250 ms, 10 s, 5 min or 2 h");

    /// <summary>The time in the largest unit that gives a whole number.</summary>
    public static string Format(TimeSpan duration)
    {
        var (unit, length) = s_units.OrderByDescending(unit => unit.Length).FirstOrDefault(unit => duration.Ticks % unit.Length.Ticks == 0);
        return duration == TimeSpan.Zero ? "0 s"
            : unit is null ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds} ms")
            : string.Create(CultureInfo.InvariantCulture, $"{duration / length} {unit}");
    }
}
