using System.Text;
using Google.Rpc;

namespace TrainingCluster.Errors;

/// <summary>
/// How long errors may be. What a caller sent comes back in our words, which go as headers, and clients refuse headers of more than
/// 8 KiB in all.
/// </summary>
internal static class ErrorBounds
{
    private const int MaxEcho = 300;

    // The message goes twice: percent-encoded, and among the details, which go as base64.
    private const int MaxMessageBytes = 1500;
    private const int MaxViolationBytes = 2000;

    /// <summary>A text with something of the caller in it.</summary>
    public static string Short(string text) => Cut(text, MaxEcho, _ => 1);

    /// <summary>The message of a status: as long as its percent-encoded form may be.</summary>
    public static string Message(string text) =>
        Cut(text, MaxMessageBytes, rune => rune.IsAscii && rune.Value is >= ' ' and not '%' ? 1 : 3 * rune.Utf8SequenceLength);

    /// <summary>As many violations as there is room for; the last one says how many are left out.</summary>
    public static BadRequest Of(IReadOnlyList<(string Field, string Description)> violations)
    {
        var details = new BadRequest();
        var bytes = 0;
        foreach (var (field, description) in violations)
        {
            var next = new BadRequest.Types.FieldViolation { Field = Short(field), Description = Short(description) };
            bytes += next.CalculateSize();
            if (bytes > MaxViolationBytes && details.FieldViolations.Count > 0)
            {
                var left = violations.Count - details.FieldViolations.Count;
                details.FieldViolations.Add(
                    new BadRequest.Types.FieldViolation { Field = Short(field), Description = $"and {left - 1} more" }
                );
                break;
            }
            details.FieldViolations.Add(next);
        }
        return details;
    }

    private static string Cut(string text, int most, Func<Rune, int> cost)
    {
        var (at, spent) = (0, 0);
        // Whole characters: half of one cannot be written in UTF-8.
        foreach (var rune in text.EnumerateRunes())
        {
            if ((spent += cost(rune)) > most)
            {
                return $"{text[..at]}…";
            }
            at += rune.Utf16SequenceLength;
        }
        return text;
    }
}
