using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>Files of tensors, vocabularies and models.</summary>
internal static class ModelTargets
{
    private static readonly string[] s_tensorWords =
    [
        "F32",
        "BOOL",
        "U8",
        "dtype",
        "shape",
        "data_offsets",
        "__metadata__",
        "\"a\":",
        "[0]",
        "[0,0]",
    ];

    private static readonly string[] s_files = [ModelFolder.ManifestFile, ModelFolder.TokenizerFile, ModelFolder.WeightsFile];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "safetensors-header",
            Read = input => SafetensorsHeader.Parse(input),
            IsRefusal = error => error is InvalidDataException,
            Seeds = () => [Tensors()[8..(8 + (int)BitConverter.ToInt64(Tensors()))]],
            IsText = true,
            Words = s_tensorWords,
            AllocatedPerByte = 512,
        },
        new()
        {
            Name = "safetensors",
            Read = input =>
            {
                using var file = Safetensors.Open(Scratch.File("tensors", input));
                foreach (var entry in file.Entries)
                {
                    file.Read(entry.Name);
                }
            },
            IsRefusal = error => error is InvalidDataException,
            Seeds = () => [Tensors()],
            Words = s_tensorWords,
            AllocatedPerByte = 512,
        },
        new()
        {
            Name = "tokenizer",
            Read = input =>
            {
                var tokenizer = BpeTokenizer.Load(Scratch.File("tokenizer.json", input));
                Assert.Equal("a b", tokenizer.Decode(tokenizer.Encode("a b")));
            },
            IsRefusal = error => error is TokenizerException,
            Seeds = () => [Tokenizer()],
            IsText = true,
            AllocatedAlways = 512 * 1024,
            AllocatedPerByte = 512,
            Cost = 4,
        },
        new()
        {
            Name = "model-folder",
            PartDepth = 1,
            IsText = true,
            Read = ReadModel,
            IsRefusal = error => error is ModelFolderException,
            Seeds = () => [ModelFiles()],
            Words =
            [
                "null",
                "-1",
                "\"dModel\":",
                "\"layers\":100000",
                "\"vocabulary_size\": 2147483647",
                "rotary",
                "learned",
                "recurrent-attention",
            ],
            AllocatedAlways = 4 * 1024 * 1024,
            AllocatedPerByte = 1024,
            Cost = 20,
        },
        new()
        {
            Name = "model-manifest",
            Read = input =>
            {
                var folder = Scratch.Folder("manifest");
                File.WriteAllBytes(Path.Combine(folder, ModelFolder.ManifestFile), input);
                ModelFolder.ReadManifest(folder).ReadOptions();
            },
            // The second: a field of the model's shape.
            IsRefusal = error => error is ModelFolderException or ArgumentException,
            Seeds = () => [Parts.Split(ModelFiles())[0]],
            IsText = true,
            AllocatedAlways = 128 * 1024,
            AllocatedPerByte = 512,
        },
    ];

    public static byte[] Tokenizer()
    {
        var trainer = new BpeTrainer();
        trainer.Add("the cat and the hat");
        trainer.Add("der Hut und der Mut");
        var path = Scratch.At("seed-tokenizer.json");
        trainer.Train(268).Save(path);
        return File.ReadAllBytes(path);
    }

    private static byte[] Tensors()
    {
        using var stream = new MemoryStream();
        Safetensors.Write(
            stream,
            [
                new NamedTensor("weights/a", "F32", [2, 3], new byte[24]),
                new NamedTensor("b", "BOOL", [], new byte[1]),
                new NamedTensor("c", "I64", [0, 4], Array.Empty<byte>()),
            ],
            new Dictionary<string, string> { ["format"] = "pt" }
        );
        return stream.ToArray();
    }

    private static byte[] ModelFiles()
    {
        var folder = Scratch.Folder("seed-model");
        var tokenizer = Tokenizer();
        var specification = new JsonObject
        {
            ["model"] = new JsonObject
            {
                ["kind"] = "transformer",
                ["dModel"] = 4,
                ["heads"] = 2,
                ["layers"] = 1,
                ["feedForward"] = 4,
            },
        };
        using var model = ModelFactory.Create(ModelOptions.FromJson((JsonObject)specification["model"]!), 268, seed: 1);
        ModelFolder.Save(folder, model, tokenizer, new ModelManifest { Specification = specification, VocabularySize = 268 });
        return Parts.Join(s_files.Select(name => File.ReadAllBytes(Path.Combine(folder, name))));
    }

    private static void ReadModel(byte[] input)
    {
        var folder = Scratch.Folder("model");
        var parts = Parts.Split(input);
        for (var i = 0; i < s_files.Length; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, s_files[i]), parts.At(i));
        }
        // Checksums that fit let the readers behind them see the changes.
        var manifest = Path.Combine(folder, ModelFolder.ManifestFile);
        File.WriteAllText(manifest, Rehashed(File.ReadAllText(manifest), [.. s_files.Skip(1).Select(name => Path.Combine(folder, name))]));
        ModelFolder.Load(folder).Model.Dispose();
    }

    /// <summary>Puts each file's SHA-256 in the place of the one that stands after its name.</summary>
    public static string Rehashed(string manifest, IEnumerable<string> files)
    {
        foreach (var path in files)
        {
            var at = manifest.IndexOf($"\"{Path.GetFileName(path)}\": \"", StringComparison.Ordinal);
            var begin = at < 0 ? -1 : at + Path.GetFileName(path).Length + 5;
            if (begin >= 0 && begin + 64 <= manifest.Length)
            {
                manifest =
                    manifest[..begin] + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))) + manifest[(begin + 64)..];
            }
        }
        return manifest;
    }
}
