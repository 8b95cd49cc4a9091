namespace TrainingCluster.Modeling.Scoring;

/// <summary>Text as Python sees it, where that differs from .NET: white space and characters beyond the BMP.</summary>
internal static class PythonText
{
    /// <summary>Words between white space, as <c>str.split()</c> gives them.</summary>
    public static List<string> Split(string text)
    {
        var words = new List<string>();
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !IsSpace(text[i]))
            {
                if (start < 0)
                {
                    start = i;
                }
            }
            else if (start >= 0)
            {
                words.Add(text[start..i]);
                start = -1;
            }
        }
        return words;
    }

    /// <summary>The characters (code points), without white space.</summary>
    public static List<string> Characters(string text)
    {
        var characters = new List<string>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!(rune.IsBmp && IsSpace((char)rune.Value)))
            {
                characters.Add(rune.ToString());
            }
        }
        return characters;
    }

    // Python counts the four separators of ASCII (file, group, record, unit) as white space; .NET does not.
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1C' and <= '\x1F';
}
