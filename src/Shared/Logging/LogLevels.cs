using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace TrainingCluster.Logging;

/// <summary>
/// The least level that is logged, for all categories and for some, as people write it: <c>warning,TrainingCluster.Worker=debug</c>. A
/// category is a type's full name or the beginning of one; the longest that fits holds.
/// </summary>
/// <param name="Levels">By category; the empty one stands for those that are not named.</param>
public sealed record LogLevels(ImmutableSortedDictionary<string, LogLevel> Levels)
{
    private static readonly LogLevel[] s_levels = Enum.GetValues<LogLevel>();

    /// <summary>No level is set.</summary>
    public static LogLevels None { get; } = new(ImmutableSortedDictionary.Create<string, LogLevel>(StringComparer.Ordinal));

    /// <summary>The words for levels, for people.</summary>
    public static string Words { get; } = string.Join(", ", s_levels.Select(level => level.ToString().ToLowerInvariant()));

    /// <summary>Reads such a text. Of a category that is named twice the last level counts.</summary>
    /// <param name="text">Empty: no level.</param>
    /// <param name="problem">What is wrong with it and what may be written, to stand after the text; empty: nothing.</param>
    /// <returns>Null: this is none.</returns>
    public static LogLevels? Read(string? text, out string problem)
    {
        var levels = None.Levels.ToBuilder();
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (category, word) = part.Split('=', 2, StringSplitOptions.TrimEntries) is [var left, var right] ? (left, right) : ("", part);
            // By name: the number of a member is no word.
            var known = s_levels.Any(level => level.ToString().Equals(word, StringComparison.OrdinalIgnoreCase));
            problem =
                !known ? $"has the unknown level '{word}'; use {Words}"
                : part.Contains('=', StringComparison.Ordinal) && category.Length == 0
                    ? "has a '=' without a category; write CATEGORY=LEVEL"
                : "";
            if (problem.Length > 0)
            {
                return null;
            }
            levels[category] = Enum.Parse<LogLevel>(word, ignoreCase: true);
        }
        problem = "";
        return new(levels.ToImmutable());
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join(",", Levels.Select(l => l.Key.Length == 0 ? $"{l.Value}" : $"{l.Key}={l.Value}")).ToLowerInvariant();

    /// <inheritdoc/>
    public bool Equals(LogLevels? other) => other is not null && Levels.SequenceEqual(other.Levels);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}
