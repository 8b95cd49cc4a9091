using TrainingCluster.TestSupport;

namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>
/// The inputs that stand in the folder Corpus: of each target those that its reader takes (<c>seed-*</c>), and those that once showed a
/// defect (<c>found-*</c>).
/// </summary>
internal static class Corpus
{
    private const string SeedPrefix = "seed-";

    /// <summary>Set to 1: the seeds are written anew.</summary>
    public const string WriteVariable = "CLUSTER_WRITE_CORPUS";

    /// <summary>All inputs of a target by the names of their files.</summary>
    public static IReadOnlyList<(string Name, byte[] Input)> Of(FuzzTarget target)
    {
        var folder = Folder(target);
        return Directory.Exists(folder)
            ?
            [
                .. Directory
                    .EnumerateFiles(folder)
                    .Order(StringComparer.Ordinal)
                    .Select(path => (Path.GetFileName(path), File.ReadAllBytes(path))),
            ]
            : [];
    }

    /// <summary>Whether a file is one that the reader takes.</summary>
    public static bool IsSeed(string name) => name.StartsWith(SeedPrefix, StringComparison.Ordinal);

    /// <summary>Replaces a target's seeds by what its writers make now.</summary>
    public static void WriteSeeds(FuzzTarget target)
    {
        var folder = Folder(target);
        Directory.CreateDirectory(folder);
        foreach (var old in Directory.EnumerateFiles(folder, SeedPrefix + "*"))
        {
            File.Delete(old);
        }
        foreach (var (number, seed) in target.Seeds().Index())
        {
            File.WriteAllBytes(Path.Combine(folder, $"{SeedPrefix}{number + 1}"), seed);
        }
    }

    private static string Folder(FuzzTarget target) => Repository.At("tests", "Fuzzing.Tests", "Corpus", target.Name);
}
