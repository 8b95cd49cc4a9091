namespace TrainingCluster.Modeling.Data;

/// <summary>The pairs of <see cref="DatesTask"/>, cut in three; no source stands in two of them, or twice in one.</summary>
/// <param name="Train">To learn from.</param>
/// <param name="Validation">To watch while learning.</param>
/// <param name="HeldOut">To test at the end.</param>
public sealed record DatesSplit(IReadOnlyList<DatePair> Train, IReadOnlyList<DatePair> Validation, IReadOnlyList<DatePair> HeldOut)
{
    /// <summary>Writes <c>train.tsv</c>, <c>valid.tsv</c> and <c>heldout.tsv</c>, each line source, tab, target.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, pairs) in new[] { ("train", Train), ("valid", Validation), ("heldout", HeldOut) })
        {
            File.WriteAllText(Path.Combine(folder, name + ".tsv"), string.Concat(pairs.Select(pair => $"{pair.Source}\t{pair.Target}\n")));
        }
    }
}
