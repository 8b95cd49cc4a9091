using System.Globalization;

namespace TrainingCluster.Cli.Figures;

/// <summary>
/// Colours for numbers. Their lightness rises or falls throughout, so that they read in grey print and with any kind of
/// colour blindness.
/// </summary>
public sealed class ColorScale
{
    private readonly (double R, double G, double B)[] _stops;

    private ColorScale(params string[] stops) => _stops = [.. stops.Select(Parse)];

    /// <summary>White to dark blue, for shares from 0 to 1 (ColorBrewer's Blues).</summary>
    public static ColorScale Blues { get; } = new("ffffff", "deebf7", "c6dbef", "9ecae1", "6baed6", "4292c6", "2171b5", "08519c", "08306b");

    /// <summary>Dark blue over grey to yellow, for numbers of both signs (cividis; Nuñez, Anderton and Renslow 2018).</summary>
    public static ColorScale Cividis { get; } =
        new("00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838");

    /// <summary>Colours for lines that differ in lightness too (Okabe and Ito 2008).</summary>
    public static IReadOnlyList<string> Lines { get; } = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"];

    /// <summary>The colour of a share.</summary>
    /// <param name="share">0…1; what lies outside takes the end's colour, and NaN the middle's.</param>
    /// <returns>As <c>#rrggbb</c>.</returns>
    public string At(double share)
    {
        var place = (double.IsNaN(share) ? 0.5 : Math.Clamp(share, 0, 1)) * (_stops.Length - 1);
        var below = Math.Min((int)place, _stops.Length - 2);
        var (a, b, part) = (_stops[below], _stops[below + 1], place - below);
        return $"#{Mix(a.R, b.R, part)}{Mix(a.G, b.G, part)}{Mix(a.B, b.B, part)}";
    }

    /// <summary>Whether white letters read better on a colour than black ones.</summary>
    /// <param name="color">As <c>#rrggbb</c>.</param>
    public static bool IsDark(string color)
    {
        ArgumentNullException.ThrowIfNull(color);
        var (r, g, b) = Parse(color[1..]);
        return 0.299 * r + 0.587 * g + 0.114 * b < 140;
    }

    private static string Mix(double a, double b, double part) =>
        ((int)Math.Round(a + (b - a) * part)).ToString("x2", CultureInfo.InvariantCulture);

    private static (double R, double G, double B) Parse(string color)
    {
        double Channel(int at) => int.Parse(color.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (Channel(0), Channel(2), Channel(4));
    }
}
