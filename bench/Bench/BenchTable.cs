using System.Globalization;
using System.Text.Json;

namespace TrainingCluster.Bench;

/// <summary>Rows of figures, printed as a table or as JSON lines.</summary>
internal sealed class BenchTable(bool json, params string[] columns)
{
    private readonly List<object?[]> _rows = [];

    public void Add(params object?[] row) => _rows.Add(row);

    public void Print()
    {
        if (json)
        {
            foreach (var row in _rows)
            {
                Console.WriteLine(
                    JsonSerializer.Serialize(columns.Zip(row).ToDictionary(cell => cell.First.Replace(' ', '_'), cell => cell.Second))
                );
            }
            return;
        }

        var lines = _rows.Select(row => row.Select(Text).ToArray()).Prepend(columns).ToList();
        var widths = columns.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
        {
            Console.WriteLine(string.Join("  ", line.Select((cell, column) => cell.PadLeft(widths[column]))));
        }
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The most resident memory that this process has had.</summary>
    public static double PeakMegabytes() =>
        Environment.OSVersion.Platform == PlatformID.Unix && File.Exists("/proc/self/status")
            ? double.Parse(
                File.ReadLines("/proc/self/status")
                    .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    .Split(':')[1]
                    .Replace("kB", "", StringComparison.Ordinal),
                CultureInfo.InvariantCulture
            ) / 1024
            : System.Diagnostics.Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0;

    private static string Text(object? cell) =>
        cell switch
        {
            null => "-",
            double value when Math.Abs(value) >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
            double value => value.ToString("0.00", CultureInfo.InvariantCulture),
            _ => cell.ToString() ?? "",
        };
}
