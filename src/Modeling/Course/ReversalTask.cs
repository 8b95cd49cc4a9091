using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// Write a row of letters backwards. A small model learns it in seconds, and the right alignment is known: the letter
/// that is written at step t stands at place length − 1 − t of the source.
/// Tokens: padding, begin and end as everywhere (<see cref="BpeTokenizer"/>), then the letters from 'a'.
/// </summary>
public sealed class ReversalTask
{
    private const int First = BpeTokenizer.SpecialTokenCount;
    private const int GreatestLetters = 26;

    /// <summary>Makes the task.</summary>
    /// <param name="length">Letters of a sequence; at least 1, default 6.</param>
    /// <param name="letters">How many different letters there are; 1…26, default 8: a to h.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public ReversalTask(int length = 6, int letters = 8)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(letters, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(letters, GreatestLetters);
        (Length, Letters) = (length, letters);
    }

    /// <summary>Letters of a sequence.</summary>
    public int Length { get; }

    /// <summary>How many different letters there are.</summary>
    public int Letters { get; }

    /// <summary>V: the special tokens and the letters.</summary>
    public int VocabularySize => First + Letters;

    /// <summary>Random sequences with what is to be written.</summary>
    /// <param name="rows">B; at least 1.</param>
    /// <param name="random">Where the letters come from.</param>
    /// <returns>All rows have the same length, so nothing is filled up: S = T = length + 1, with begin or end token.</returns>
    public Batch Draw(int rows, DeterministicRandom random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentNullException.ThrowIfNull(random);
        return ToBatch([.. Enumerable.Range(0, rows).Select(_ => DrawTokens(random))]);
    }

    /// <summary>One sequence as a batch of one row.</summary>
    /// <param name="text">Its letters; any number, at least one.</param>
    /// <exception cref="ArgumentException">A letter is not one of the task's; the message says which are.</exception>
    public Batch ToBatch(string text) => ToBatch([Encode(text)]);

    /// <summary>The tokens of letters, without an end token.</summary>
    /// <param name="text">At least one letter.</param>
    /// <exception cref="ArgumentException">A letter is not one of the task's; the message says which are.</exception>
    public int[] Encode(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        foreach (var letter in text)
        {
            if (letter < 'a' || letter >= 'a' + Letters)
            {
                throw new ArgumentException($"'{letter}' is none of this task's letters, a to {(char)('a' + Letters - 1)}.", nameof(text));
            }
        }
        return [.. text.Select(letter => First + letter - 'a')];
    }

    /// <summary>The letters of tokens; a special token becomes a dot.</summary>
    public static string Decode(IEnumerable<int> tokens) =>
        string.Concat(tokens.Select(token => token < First ? '.' : (char)('a' + token - First)));

    private int[] DrawTokens(DeterministicRandom random) => [.. Enumerable.Range(0, Length).Select(_ => First + random.Next(Letters))];

    private static Batch ToBatch(int[][] sequences)
    {
        var width = sequences[0].Length + 1;
        var lengths = Enumerable.Repeat(width, sequences.Length).ToArray();
        return new Batch
        {
            Rows = sequences.Length,
            SourceWidth = width,
            TargetWidth = width,
            Source = [.. sequences.SelectMany(row => ToLongs([.. row, BpeTokenizer.EosId]))],
            DecoderInput = [.. sequences.SelectMany(row => ToLongs([BpeTokenizer.BosId, .. row.Reverse()]))],
            Labels = [.. sequences.SelectMany(row => ToLongs([.. row.Reverse(), BpeTokenizer.EosId]))],
            SourceLengths = lengths,
            TargetLengths = lengths,
            SourceTokens = width * sequences.Length,
            TargetTokens = width * sequences.Length,
        };
    }

    private static IEnumerable<long> ToLongs(int[] tokens) => tokens.Select(token => (long)token);
}
