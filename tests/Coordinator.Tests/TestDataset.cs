using TrainingCluster.Coordinator.Files;
using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Coordinator.Tests;

/// <summary>A dataset of 200 pairs, always the same one.</summary>
internal static class TestDataset
{
    private static readonly Lazy<string> s_fingerprint = new(() =>
    {
        using var folder = new TemporaryFolder();
        return Build(Path.Combine(folder.Path, "set")).Fingerprint;
    });

    public static string Fingerprint => s_fingerprint.Value;

    /// <summary>Makes it as a user would.</summary>
    public static DatasetManifest Build(string into)
    {
        using var folder = new TemporaryFolder();
        var (source, target) = (Path.Combine(folder.Path, "a.src"), Path.Combine(folder.Path, "a.tgt"));
        File.WriteAllLines(source, Enumerable.Range(0, 200).Select(i => $"the number {i} of {i % 7}"));
        File.WriteAllLines(target, Enumerable.Range(0, 200).Select(i => $"die Zahl {i} von {i % 7}"));
        return DatasetBuilder.Build(new DatasetOptions { Train = new ParallelText(source, target), VocabularySize = 300 }, into);
    }

    /// <summary>Puts it where a coordinator keeps what was uploaded.</summary>
    public static DatasetManifest AddTo(DataFolder data) => Build(Path.Combine(data.Datasets, Fingerprint));
}
