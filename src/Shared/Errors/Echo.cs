namespace TrainingCluster.Errors;

/// <summary>What a caller sent, as an error repeats it: long enough to be known again, short enough to leave room for what helps.</summary>
public static class Echo
{
    private const int Longest = 80;

    /// <summary>The text, or its beginning.</summary>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= Longest)
        {
            return text;
        }
        // Half of a character cannot be written in UTF-8.
        var end = char.IsHighSurrogate(text[Longest - 1]) ? Longest - 1 : Longest;
        return $"{text[..end]}…";
    }
}
