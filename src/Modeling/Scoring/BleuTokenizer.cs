using System.Text;
using System.Text.RegularExpressions;

namespace TrainingCluster.Modeling.Scoring;

/// <summary>
/// sacreBLEU's tokenizers. 13a follows mteval-v13a.pl of NIST, the script behind published scores; zh separates the
/// characters in the ranges of Huang's tokenizer for Chinese and then follows 13a.
/// </summary>
internal static partial class BleuTokenizer
{
    // Huang's ranges as sacreBLEU compares them. Its table means to name the supplementary planes too, but its escapes for
    // them read as four digits and one more character: U+2001 to U+2A6D is what that compares to, and scores depend on it.
    private static readonly (char First, char Last)[] s_chinese =
    [
        ('\u2001', '\u2A6D'),
        ('\u2E80', '\u2EFF'),
        ('\u2F00', '\u2FDF'),
        ('\u2FF0', '\u2FFF'),
        ('\u3000', '\u303F'),
        ('\u3100', '\u312F'),
        ('\u31A0', '\u31BF'),
        ('\u31C0', '\u31EF'),
        ('\u3200', '\u33FF'),
        ('\u3400', '\u4DB5'),
        ('\u4E00', '\u9FBB'),
        ('\uF900', '\uFA2D'),
        ('\uFA30', '\uFA6A'),
        ('\uFA70', '\uFAD9'),
        ('\uFE10', '\uFE1F'),
        ('\uFE30', '\uFE4F'),
        ('\uFF00', '\uFFEF'),
    ];

    public static List<string> Tokenize(string text, BleuTokenization tokenization) =>
        tokenization switch
        {
            BleuTokenization.V13A => Western($" {Unescape(text)} "),
            BleuTokenization.Chinese => Western(SeparateChinese(text)),
            BleuTokenization.Characters => PythonText.Characters(text),
            BleuTokenization.None => PythonText.Split(text),
            _ => throw new ArgumentOutOfRangeException(nameof(tokenization), tokenization, "No such tokenization."),
        };

    public static string Name(BleuTokenization tokenization) =>
        tokenization switch
        {
            BleuTokenization.V13A => "13a",
            BleuTokenization.Chinese => "zh",
            BleuTokenization.Characters => "char",
            BleuTokenization.None => "none",
            _ => throw new ArgumentOutOfRangeException(nameof(tokenization), tokenization, "No such tokenization."),
        };

    private static string Unescape(string text)
    {
        text = text.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' ');
        return text.Contains('&', StringComparison.Ordinal)
            ? text.Replace("&quot;", "\"", StringComparison.Ordinal)
                .Replace("&amp;", "&", StringComparison.Ordinal)
                .Replace("&lt;", "<", StringComparison.Ordinal)
                .Replace("&gt;", ">", StringComparison.Ordinal)
            : text;
    }

    private static List<string> Western(string text)
    {
        text = Symbol().Replace(text, " $1 ");
        text = PointAfterNonDigit().Replace(text, "$1 $2 ");
        text = PointBeforeNonDigit().Replace(text, " $1 $2");
        text = DashAfterDigit().Replace(text, "$1 $2 ");
        return PythonText.Split(text);
    }

    private static string SeparateChinese(string text)
    {
        var separated = new StringBuilder(text.Length * 2);
        foreach (var c in text.Trim())
        {
            if (Array.Exists(s_chinese, range => range.First <= c && c <= range.Last))
            {
                separated.Append(' ').Append(c).Append(' ');
            }
            else
            {
                separated.Append(c);
            }
        }
        return separated.ToString();
    }

    // All ASCII symbols but the apostrophe, comma, point and dash.
    [GeneratedRegex(@"([{-~\[-` -&(-+:-@/])")]
    private static partial Regex Symbol();

    [GeneratedRegex("([^0-9])([.,])")]
    private static partial Regex PointAfterNonDigit();

    [GeneratedRegex("([.,])([^0-9])")]
    private static partial Regex PointBeforeNonDigit();

    [GeneratedRegex("([0-9])(-)")]
    private static partial Regex DashAfterDigit();
}
