using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Worker.Tests.Training;

/// <summary>A small made-up task: digits spelt out, the other way round.</summary>
internal static class TestDataset
{
    private static readonly string[] s_words = ["null", "eins", "zwei", "drei", "vier", "fuenf", "sechs", "sieben", "acht", "neun"];

    /// <summary>Builds a dataset below <paramref name="cache"/>, where a worker finds it by its fingerprint.</summary>
    public static string Build(string cache, int pairs = 240, int validation = 24)
    {
        var folder = Directory.CreateTempSubdirectory("cluster-test-text-").FullName;
        try
        {
            var train = Text(folder, "train", pairs, seed: 1);
            var valid = Text(folder, "valid", validation, seed: 2);
            var made = Path.Combine(folder, "dataset");
            var manifest = DatasetBuilder.Build(
                new DatasetOptions
                {
                    Train = train,
                    Validation = valid,
                    VocabularySize = 320,
                },
                made
            );
            Directory.CreateDirectory(cache);
            var target = Path.Combine(cache, manifest.Fingerprint);
            if (!Directory.Exists(target))
            {
                Copy(made, target);
            }
            return manifest.Fingerprint;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static ParallelText Text(string folder, string name, int pairs, int seed)
    {
        var random = new Random(seed);
        var source = Path.Combine(folder, $"{name}.src");
        var target = Path.Combine(folder, $"{name}.tgt");
        var numbers = Enumerable
            .Range(0, pairs)
            .Select(_ => Enumerable.Range(0, random.Next(1, 7)).Select(_ => random.Next(10)).ToArray())
            .ToList();
        File.WriteAllLines(source, numbers.Select(digits => string.Join(' ', digits.Select(d => s_words[d]))));
        File.WriteAllLines(target, numbers.Select(digits => string.Join(' ', digits.Reverse())));
        return new ParallelText(source, target);
    }
}
