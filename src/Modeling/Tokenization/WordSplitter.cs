using System.Globalization;
using System.Text;

namespace TrainingCluster.Modeling.Tokenization;

/// <summary>
/// Cuts text into the words within which pairs may merge: a run of letters and marks, one number character, a run of
/// anything else, each with the one space before it; further spaces are a word. Nothing is lost: the words join to the text.
/// </summary>
internal static class WordSplitter
{
    /// <summary>The same rule as a regular expression, for the file that other libraries read.</summary>
    public const string Pattern = @" ?[\p{L}\p{M}]+| ?\p{N}| ?[^\p{L}\p{M}\p{N} ]+| +";

    private enum Kind
    {
        Letter,
        Number,
        Space,
        Other,
    }

    /// <summary>The length in characters of the first word of <paramref name="text"/>, which must not be empty.</summary>
    public static int NextWord(ReadOnlySpan<char> text)
    {
        var start = 0;
        var kind = KindAt(text, 0, out var width);
        if (kind == Kind.Space)
        {
            if (text.Length == 1)
            {
                return 1;
            }
            kind = KindAt(text, 1, out width);
            // More than one space: the run is a word of its own.
            if (kind == Kind.Space)
            {
                return text.IndexOfAnyExcept(' ') is var end and >= 0 ? end : text.Length;
            }
            start = 1;
        }
        var length = start + width;
        if (kind == Kind.Number)
        {
            return length;
        }
        while (length < text.Length && KindAt(text, length, out width) == kind)
        {
            length += width;
        }
        return length;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int index, out int width)
    {
        var first = text[index];
        width = 1;
        if (char.IsAscii(first))
        {
            return char.IsAsciiLetter(first) ? Kind.Letter
                : char.IsAsciiDigit(first) ? Kind.Number
                : first == ' ' ? Kind.Space
                : Kind.Other;
        }
        Rune.DecodeFromUtf16(text[index..], out var rune, out width);
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.EnclosingMark => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
