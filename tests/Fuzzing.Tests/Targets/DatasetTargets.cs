using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>Dataset folders, which clients upload and workers download, and their files of tokens.</summary>
internal static class DatasetTargets
{
    private static readonly string[] s_files = [DatasetManifest.FileName, .. Dataset.FileNames];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "token-shard",
            Read = input =>
            {
                using var shard = new TokenShard(Scratch.File("shard", input));
                var tokens = 0L;
                for (var i = 0; i < shard.Count; i++)
                {
                    tokens += shard.Get(i).Length;
                }
                Assert.Equal(shard.Tokens, tokens);
            },
            IsRefusal = error => error is DatasetException,
            Seeds = () => [Shard(300), Shard(70_000)],
        },
        new()
        {
            Name = "dataset-manifest",
            Read = input =>
            {
                var folder = Scratch.Folder("dataset-manifest");
                File.WriteAllBytes(Path.Combine(folder, DatasetManifest.FileName), input);
                Refingerprint(folder);
                DatasetManifest.Load(folder);
            },
            IsRefusal = error => error is DatasetException,
            Seeds = () => [Parts.Split(Files())[0]],
            IsText = true,
            AllocatedAlways = 128 * 1024,
            AllocatedPerByte = 256,
        },
        new()
        {
            Name = "dataset",
            PartDepth = 1,
            IsText = true,
            Read = ReadDataset,
            IsRefusal = error => error is DatasetException,
            Seeds = () => [Files()],
            AllocatedAlways = 1024 * 1024,
            AllocatedPerByte = 512,
            Cost = 10,
        },
    ];

    private static byte[] Shard(int vocabularySize)
    {
        var path = Scratch.At("seed-shard");
        File.Delete(path);
        using (var writer = new TokenShardWriter(path, vocabularySize))
        {
            writer.Add([5, 6, 7]);
            writer.Add([]);
            writer.Add([8]);
            writer.Finish();
        }
        return File.ReadAllBytes(path);
    }

    private static byte[] Files()
    {
        var folder = Scratch.Folder("seed-dataset");
        var (source, target) = (Path.Combine(folder, "source"), Path.Combine(folder, "target"));
        File.WriteAllLines(source, Enumerable.Range(0, 6).Select(i => $"the number {i}"));
        File.WriteAllLines(target, Enumerable.Range(0, 6).Select(i => $"die Zahl {i}"));
        var made = Path.Combine(folder, "dataset");
        DatasetBuilder.Build(new DatasetOptions { Train = new ParallelText(source, target), VocabularySize = 266 }, made);
        return Parts.Join(s_files.Select(name => File.ReadAllBytes(Path.Combine(made, name))));
    }

    private static void ReadDataset(byte[] input)
    {
        var folder = Scratch.Folder("dataset");
        var parts = Parts.Split(input);
        for (var i = 0; i < s_files.Length; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, s_files[i]), parts.At(i));
        }
        Refingerprint(folder);
        using var dataset = Dataset.Open(folder);
        for (var i = 0; i < dataset.TrainCount; i++)
        {
            var (sourceTokens, targetTokens) = (dataset.Source(i), dataset.Target(i));
            dataset.Tokenizer.Decode(sourceTokens);
            dataset.Tokenizer.Decode(targetTokens);
        }
        foreach (var pair in dataset.Validation)
        {
            dataset.Tokenizer.Decode(pair.Source);
            dataset.Tokenizer.Decode(pair.Target);
        }
        var plan = new BatchPlan(dataset, 1, 0, 64, 2);
        Assert.True(plan.StepsPerEpoch >= 1);
    }

    /// <summary>
    /// Writes checksums and fingerprint that fit, as whoever makes up a dataset would; what is no manifest stays as it is.
    /// </summary>
    private static void Refingerprint(string folder)
    {
        var path = Path.Combine(folder, DatasetManifest.FileName);
        try
        {
            if (JsonNode.Parse(File.ReadAllBytes(path)) is not JsonObject manifest || manifest["files"] is not JsonObject files)
            {
                return;
            }
            foreach (var name in Dataset.FileNames.Where(name => files[name] is JsonObject && File.Exists(Path.Combine(folder, name))))
            {
                var bytes = File.ReadAllBytes(Path.Combine(folder, name));
                files[name] = new JsonObject { ["bytes"] = bytes.Length, ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
            }
            if (files.All(file => file.Value is JsonObject))
            {
                var described = JsonSerializer.Deserialize<SortedDictionary<string, DatasetFile>>(files, JsonSerializerOptions.Web)!;
                manifest["fingerprint"] = DatasetManifest.FingerprintOf(described);
            }
            File.WriteAllText(path, manifest.ToJsonString());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // It stays as it is.
        }
    }
}
