using System.Text;
using System.Text.RegularExpressions;

namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>Changes of what stands in text: numbers, quoted words, values, members and lines, and how deep they are nested.</summary>
internal static partial class TextChanges
{
    private static readonly string[] s_numbers =
    [
        "0",
        "-0",
        "-1",
        "1.5",
        "2147483647",
        "2147483648",
        "-2147483649",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "1e9",
        "1e308",
        "1e999",
        "-1e999",
        "1e-999",
        "NaN",
        "Infinity",
        "-Infinity",
        "0x10",
        "1_000",
        "١",
    ];

    private static readonly string[] s_values =
    [
        "null",
        "true",
        "false",
        "[]",
        "{}",
        "[null]",
        "[{}]",
        "{\"\":null}",
        "\"\"",
        "\" \"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"../x\"",
        "\"/\"",
        "\"a/b/c\"",
        "~",
        "&a [*a]",
        "*a",
        "!!binary x",
        "'",
        "- -",
    ];

    private static readonly string[] s_letters =
    [
        "\0",
        "\uFEFF",
        "\u2028",
        "\u00A0",
        "\U0001F600",
        "ß",
        "İ",
        "\r",
        "\t",
        "\u0301",
        "\\",
        "\"",
    ];

    /// <summary>One change; bytes that are no UTF-8 become replacement characters.</summary>
    public static byte[] Change(byte[] input, Random random)
    {
        var text = Encoding.UTF8.GetString(input);
        return Encoding.UTF8.GetBytes(
            random.Next(9) switch
            {
                0 or 1 => Replace(text, NumberToken(), random, _ => Pick(s_numbers, random)),
                2 => Replace(text, QuotedToken(), random, _ => Pick(s_values, random)),
                3 or 4 => Replace(text, ValueToken(), random, match => match.Groups[1].Value + Value(random)),
                5 => Replace(text, MemberToken(), random, match => random.Next(2) == 0 ? "" : match.Value + match.Value),
                6 => Lines(text, random),
                7 => Nested(text, random),
                _ => text.Insert(random.Next(text.Length + 1), Pick(s_letters, random)),
            }
        );
    }

    private static string Value(Random random) => random.Next(3) == 0 ? Pick(s_numbers, random) : Pick(s_values, random);

    private static string Pick(string[] choices, Random random) => choices[random.Next(choices.Length)];

    private static string Replace(string text, Regex token, Random random, Func<Match, string> replacement)
    {
        var found = token.Count(text);
        if (found == 0)
        {
            return text;
        }
        var wanted = random.Next(found);
        return token.Replace(text, match => wanted-- == 0 ? replacement(match) : match.Value);
    }

    private static string Lines(string text, Random random)
    {
        var lines = text.Split('\n').ToList();
        var at = random.Next(lines.Count);
        switch (random.Next(4))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(random.Next(lines.Count + 1), lines[at]);
                break;
            case 2:
                lines[at] = new string(' ', random.Next(9)) + lines[at].TrimStart();
                break;
            default:
                lines[at] = "";
                break;
        }
        return string.Join('\n', lines);
    }

    private static string Nested(string text, Random random)
    {
        var (open, close) = random.Next(4) switch
        {
            0 => ("[", "]"),
            1 => ("{\"a\":", "}"),
            2 => ("- ", ""),
            _ => ("{", "}"),
        };
        var depth = 1 << random.Next(1, 15);
        var at = random.Next(text.Length + 1);
        return text[..at] + string.Concat(Enumerable.Repeat(open, depth)) + string.Concat(Enumerable.Repeat(close, depth)) + text[at..];
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex NumberToken();

    [GeneratedRegex("\"[^\"\n]*\"")]
    private static partial Regex QuotedToken();

    [GeneratedRegex(@"([:=]\s*)(""[^""\n]*""|[^,}\]\s]+)")]
    private static partial Regex ValueToken();

    [GeneratedRegex(@"""[^""\n]*""\s*:\s*(""[^""\n]*""|[^,}\]\[{\n]*),?")]
    private static partial Regex MemberToken();
}
