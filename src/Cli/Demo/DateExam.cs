using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Cli.Demo;

/// <summary>What a model makes of dates that it has not seen.</summary>
/// <param name="Pairs">The dates.</param>
/// <param name="Answers">What it wrote.</param>
public sealed record DateExam(IReadOnlyList<DatePair> Pairs, IReadOnlyList<string> Answers)
{
    /// <summary>Answers that are right to the character.</summary>
    public int Exact => Pairs.Zip(Answers).Count(pair => pair.First.Target == pair.Second);

    /// <summary>The share of right answers, 0 to 1.</summary>
    public double Rate => Pairs.Count == 0 ? 0 : (double)Exact / Pairs.Count;

    /// <summary>Lets a model folder answer.</summary>
    public static DateExam Take(string modelFolder, IReadOnlyList<DatePair> pairs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        using var translator = Translator.Open(modelFolder);
        return new DateExam(pairs, translator.Translate([.. pairs.Select(pair => pair.Source)], cancellationToken: cancellationToken));
    }

    /// <summary>Wrong answers first, at most <paramref name="wrong"/>, then right ones, <paramref name="count"/> in all.</summary>
    public IEnumerable<(DatePair Pair, string Answer)> Examples(int count, int wrong) =>
        Pairs
            .Zip(Answers)
            .Where(pair => pair.First.Target != pair.Second)
            .Take(wrong)
            .Concat(Pairs.Zip(Answers).Where(pair => pair.First.Target == pair.Second))
            .Take(count);
}
