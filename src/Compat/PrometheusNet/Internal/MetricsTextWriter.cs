using System.Globalization;
using System.Text;

namespace Prometheus.Internal;

/// <summary>Writes families and samples as Prometheus text 0.0.4 or OpenMetrics text 1.0.0.</summary>
internal sealed class MetricsTextWriter(ExpositionFormat format)
{
    private readonly StringBuilder _text = new();
    private readonly bool _openMetrics = format == ExpositionFormat.OpenMetricsText;

    public void Family(string name, string help, string type)
    {
        if (_openMetrics && type == "counter")
        {
            // OpenMetrics names the family without the suffix that its samples must have.
            if (name.EndsWith("_total", StringComparison.Ordinal))
                name = name[..^"_total".Length];
            else
                type = "unknown";
        }
        _text.Append("# HELP ").Append(name).Append(' ').Append(EscapeHelp(help)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    public void Sample(string name, string labels, double value)
    {
        Identity(name, labels);
        _text.Append(Number(value, _openMetrics)).Append('\n');
    }

    public void Sample(string name, string labels, long value)
    {
        Identity(name, labels);
        _text.Append(CultureInfo.InvariantCulture, $"{value}").Append('\n');
    }

    /// <summary>One bucket of a histogram: <paramref name="labels"/> with <c>le</c> added.</summary>
    public void Bucket(string name, string labels, double upperBound, long cumulativeCount)
    {
        var le = $"le=\"{Number(upperBound, _openMetrics)}\"";
        Sample(name, labels.Length == 0 ? le : labels + "," + le, cumulativeCount);
    }

    public byte[] Finish()
    {
        if (_openMetrics)
            _text.Append("# EOF\n");
        return Encoding.UTF8.GetBytes(_text.ToString());
    }

    public static string Labels(string[] names, string[] values) =>
        string.Join(',', names.Zip(values, (name, value) => $"{name}=\"{EscapeLabel(value)}\""));

    private void Identity(string name, string labels)
    {
        _text.Append(name);
        if (labels.Length > 0)
            _text.Append('{').Append(labels).Append('}');
        _text.Append(' ');
    }

    private static string Number(double value, bool alwaysFloat)
    {
        if (double.IsNaN(value))
            return "NaN";
        if (double.IsInfinity(value))
            return value > 0 ? "+Inf" : "-Inf";
        var text = value.ToString("g", CultureInfo.InvariantCulture);
        return alwaysFloat && text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text;
    }

    private static string EscapeLabel(string value) => EscapeHelp(value).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string EscapeHelp(string value) =>
        value.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
}
