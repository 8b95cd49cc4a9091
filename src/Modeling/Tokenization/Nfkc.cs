using System.Globalization;
using System.Text;

namespace TrainingCluster.Modeling.Tokenization;

/// <summary>
/// Unicode's normal form KC (UAX #15), from tables of our own. .NET leaves normalization to the machine's ICU, which may be
/// absent or of another version; a dataset made twice must come out the same.
/// </summary>
public static class Nfkc
{
    // Hangul syllables are composed by rule (The Unicode Standard, section 3.12).
    private const int SyllableBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TrailCount = 28;
    private const int SyllableCount = LeadCount * VowelCount * TrailCount;

    private static readonly Lazy<Tables> s_tables = new(Tables.Load);

    /// <summary>The text with compatibility characters replaced (full-width forms, ligatures, circled digits and the like)
    /// and marks composed. Half a surrogate pair becomes U+FFFD.</summary>
    public static string Normalize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        // Below U+00A0 every character is its own normal form and none composes with another.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u009F'))
        {
            return text;
        }
        var tables = s_tables.Value;
        var points = Decompose(text, tables);
        Reorder(points, tables);
        Compose(points, tables);
        var result = new StringBuilder(text.Length);
        foreach (var point in points)
        {
            result.Append(new Rune(point).ToString());
        }
        return result.ToString();
    }

    private static List<int> Decompose(string text, Tables tables)
    {
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var syllable = rune.Value - SyllableBase;
            if (tables.Decompositions.TryGetValue(rune.Value, out var parts))
            {
                points.AddRange(parts);
            }
            else if ((uint)syllable < SyllableCount)
            {
                points.Add(LeadBase + syllable / (VowelCount * TrailCount));
                points.Add(VowelBase + syllable / TrailCount % VowelCount);
                if (syllable % TrailCount > 0)
                {
                    points.Add(TrailBase + syllable % TrailCount);
                }
            }
            else
            {
                points.Add(rune.Value);
            }
        }
        return points;
    }

    /// <summary>Sorts each run of marks by combining class; equal classes keep their order.</summary>
    private static void Reorder(List<int> points, Tables tables)
    {
        for (var i = 1; i < points.Count; i++)
        {
            var mark = tables.Class(points[i]);
            for (var j = i; mark > 0 && j > 0 && tables.Class(points[j - 1]) > mark; j--)
            {
                (points[j], points[j - 1]) = (points[j - 1], points[j]);
            }
        }
    }

    private static void Compose(List<int> points, Tables tables)
    {
        var (starter, kept, lastClass) = (-1, 0, 0);
        // In place: what is read lies at or behind what is written.
        for (var i = 0; i < points.Count; i++)
        {
            var point = points[i];
            var mark = tables.Class(point);
            // A mark of the same or a higher class in between blocks the composition.
            var blocked = starter >= 0 && kept - 1 > starter && lastClass >= mark;
            if (starter >= 0 && !blocked && TryCompose(points[starter], point, tables, out var composed))
            {
                points[starter] = composed;
                continue;
            }
            if (mark == 0)
            {
                starter = kept;
            }
            lastClass = mark;
            points[kept++] = point;
        }
        points.RemoveRange(kept, points.Count - kept);
    }

    private static bool TryCompose(int first, int second, Tables tables, out int composed)
    {
        var (lead, vowel, trail, syllable) = (first - LeadBase, second - VowelBase, second - TrailBase, first - SyllableBase);
        if ((uint)lead < LeadCount && (uint)vowel < VowelCount)
        {
            composed = SyllableBase + (lead * VowelCount + vowel) * TrailCount;
            return true;
        }
        if ((uint)syllable < SyllableCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount)
        {
            composed = first + trail;
            return true;
        }
        return tables.Pairs.TryGetValue((first, second), out composed);
    }

    private sealed record Tables(Dictionary<int, int[]> Decompositions, Dictionary<int, int> Classes, Dictionary<(int, int), int> Pairs)
    {
        public int Class(int point) => Classes.GetValueOrDefault(point);

        public static Tables Load()
        {
            var tables = new Tables([], [], []);
            using var stream =
                typeof(Nfkc).Assembly.GetManifestResourceStream("nfkc.txt")
                ?? throw new InvalidOperationException("The assembly lacks its resource nfkc.txt.");
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                var fields = line.Split(' ');
                int[] Points(int from) =>
                    [.. fields.Skip(from).Select(field => int.Parse(field, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
                switch (fields[0])
                {
                    case "D":
                        tables.Decompositions.Add(Points(1)[0], Points(2));
                        break;
                    case "C":
                        foreach (var point in Points(2))
                        {
                            tables.Classes.Add(point, int.Parse(fields[1], CultureInfo.InvariantCulture));
                        }
                        break;
                    case "P":
                        var pair = Points(1);
                        tables.Pairs.Add((pair[0], pair[1]), pair[2]);
                        break;
                }
            }
            return tables;
        }
    }
}
