using System.Text;

namespace TrainingCluster.Coordinator.Jobs.Filters;

/// <summary>A word, a quoted text, an operator or a parenthesis of a filter.</summary>
/// <param name="Text">What it says, without quotes.</param>
/// <param name="Position">Of its first character, from 1.</param>
/// <param name="Quoted">It stood in quotes: it is a value, whatever it says.</param>
internal readonly record struct FilterToken(string Text, int Position, bool Quoted)
{
    private const string Marks = "()=!<>:\"";

    /// <summary>The end of the filter.</summary>
    public bool IsEnd => Text.Length == 0 && !Quoted;

    /// <summary>Whether it is this word or sign.</summary>
    public bool Is(string text) => !Quoted && Text == text;

    /// <summary>Whether it can be a field or a value.</summary>
    public bool IsWord => Quoted || (Text.Length > 0 && !Marks.Contains(Text[0], StringComparison.Ordinal));

    /// <summary>Takes a filter apart. The last one is the end.</summary>
    public static List<FilterToken> All(string text)
    {
        var tokens = new List<FilterToken>();
        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            var from = at;
            if (at == text.Length)
            {
                tokens.Add(new("", from + 1, false));
                return tokens;
            }
            if (text[at] == '"')
            {
                tokens.Add(new(Quotation(text, ref at), from + 1, true));
                continue;
            }
            if (Marks.Contains(text[at], StringComparison.Ordinal))
            {
                at += text[at] is '!' or '<' or '>' && at + 1 < text.Length && text[at + 1] == '=' ? 2 : 1;
                tokens.Add(new(text[from..at], from + 1, false));
                continue;
            }
            var word = new StringBuilder();
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
            {
                // labels."example.com/team" is one field.
                if (text[at] == '"' && word.Length > 0 && word[^1] == '.')
                {
                    word.Append(Quotation(text, ref at));
                    continue;
                }
                // Times have colons between digits, and labels.x:* one before a star.
                if (Marks.Contains(text[at], StringComparison.Ordinal) && !IsInTime(text, from, at))
                {
                    break;
                }
                word.Append(text[at++]);
            }
            tokens.Add(new(word.ToString(), from + 1, false));
        }
    }

    private static bool IsInTime(string text, int from, int at) =>
        text[at] == ':' && char.IsAsciiDigit(text[from]) && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]);

    private static string Quotation(string text, ref int at)
    {
        var from = at++;
        var value = new StringBuilder();
        while (at < text.Length && text[at] != '"')
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }
            value.Append(text[at++]);
        }
        if (at == text.Length)
        {
            throw new FilterException(from + 1, "the quotation has no end; put \" behind it");
        }
        at++;
        return value.ToString();
    }
}
