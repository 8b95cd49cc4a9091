using System.Globalization;

namespace TrainingCluster.Cli.Display;

/// <summary>Figures as people read them.</summary>
public static class Text
{
    /// <summary>"0.8 s", "42 s", "3 min 05 s", "2 h 07 min".</summary>
    public static string Of(TimeSpan duration) =>
        duration switch
        {
            { TotalSeconds: < 9.95 } => Invariant($"{duration.TotalSeconds:F1} s"),
            { TotalSeconds: < 99.5 } => Invariant($"{duration.TotalSeconds:F0} s"),
            { TotalHours: < 1 } => Invariant($"{(int)duration.TotalMinutes} min {duration.Seconds:D2} s"),
            _ => Invariant($"{(int)duration.TotalHours} h {duration.Minutes:D2} min"),
        };

    /// <summary>"512 B", "3.4 kB", "27 MB": decimal units, two or three digits.</summary>
    public static string Bytes(long bytes)
    {
        string[] units = ["B", "kB", "MB", "GB", "TB"];
        var (value, unit) = ((double)bytes, 0);
        while (value >= 999.5 && unit < units.Length - 1)
        {
            (value, unit) = (value / 1000, unit + 1);
        }
        return value < 9.95 && unit > 0 ? Invariant($"{value:F1} {units[unit]}") : Invariant($"{value:F0} {units[unit]}");
    }

    /// <summary>Digits in groups of three: "12,345".</summary>
    public static string Count(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Text with a point as decimal sign, whatever the machine's language.</summary>
    public static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
