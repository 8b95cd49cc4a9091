using System.Globalization;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Web;

/// <summary>Values as the pages write them.</summary>
internal static class Show
{
    private static readonly string[] s_units = ["B", "kB", "MB", "GB", "TB"];

    /// <summary>1234.5 with one decimal is 1,234.5.</summary>
    public static string Number(double value, int decimals) =>
        double.IsFinite(value) ? value.ToString($"N{decimals}", CultureInfo.InvariantCulture) : "–";

    /// <summary>1,500,000 bytes are 1.5 MB.</summary>
    public static string Bytes(double bytes)
    {
        var unit = 0;
        for (; bytes >= 1000 && unit < s_units.Length - 1; unit++)
        {
            bytes /= 1000;
        }
        return $"{bytes.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture)} {s_units[unit]}";
    }

    /// <summary>Some seconds: 0.42 s, 3 min 5 s, 2 h 7 min.</summary>
    public static string Duration(TimeSpan time) =>
        time.TotalSeconds < 60 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s")
        : time.TotalHours < 1 ? $"{time.Minutes} min {time.Seconds} s"
        : $"{(int)time.TotalHours} h {time.Minutes} min";

    /// <summary>How far a job has come.</summary>
    public static string Steps(JobProgress progress) =>
        progress.TotalStepCount > 0 ? $"{Number(progress.Step, 0)} / {Number(progress.TotalStepCount, 0)}" : Number(progress.Step, 0);

    /// <summary>The page of a job.</summary>
    public static string JobPath(string jobId) => $"/jobs/{Uri.EscapeDataString(jobId)}";

    /// <summary>A version without the name of its source.</summary>
    public static string Version(string version) => version.Split('+')[0];

    /// <summary>Where something is, if it is an address of the web: what a worker says of itself may be anything.</summary>
    public static string? WebAddress(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? address : null;

    /// <summary>The host of an address; the whole text where it is none.</summary>
    public static string Host(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri.Host : address;

    /// <summary>A state as people read it, and as page.css names it.</summary>
    public static string Word(object? state) =>
        string.Concat((state?.ToString() ?? "").Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '-'));
}
