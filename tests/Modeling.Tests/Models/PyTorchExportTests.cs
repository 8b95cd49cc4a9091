using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Modeling.Tokenization;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

/// <summary>A model folder translates the same in PyTorch, by the example that the documentation shows.</summary>
public sealed class PyTorchExportTests : IDisposable
{
    private const string Python = "/usr/bin/python3";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("pre", true, "sinusoidal")]
    [InlineData("post", false, "learned")]
    [InlineData("pre", true, "none")]
    public async Task TranslatePy_TrainedModel_WritesTheSameWords(string norm, bool shared, string positions)
    {
        Assert.SkipUnless(File.Exists(Python) && (await RunAsync("", "-c", "import torch")).Code == 0, $"{Python} has no PyTorch.");
        var spec = new JsonObject
        {
            ["model"] = new JsonObject
            {
                ["kind"] = "transformer",
                ["dModel"] = 32,
                ["heads"] = 2,
                ["layers"] = 2,
                ["feedForward"] = 48,
                ["dropout"] = 0,
                ["norm"] = norm,
                ["sharedEmbeddings"] = shared,
                ["positions"] = positions,
            },
        };
        string[] sentences = [.. DatesTask.Generate(4, 20).Select(pair => pair.Source), "", "x², naïve — 日本 👍"];
        var expected = TrainAndTranslate(spec, sentences);
        Assert.True(expected.Distinct().Count() > 3, "The model says the same to everything.");
        var (code, output) = await RunAsync(
            string.Join('\n', sentences) + "\n",
            Path.Combine(AppContext.BaseDirectory, "translate.py"),
            _folder
        );
        Assert.True(code == 0, output);
        Assert.Equal(string.Join('\n', expected) + "\n", output);
    }

    /// <summary>Leaves a model folder behind. A method of its own: nothing may be awaited in a scope, which is its thread's.</summary>
    private IReadOnlyList<string> TrainAndTranslate(JsonObject spec, string[] sentences)
    {
        using var scope = NewDisposeScope();
        var pairs = DatesTask.Generate(3, 48);
        var tokenizer = Train(pairs);
        using var model = ModelFactory.Create(ModelOptions.FromJson((JsonObject)spec["model"]!), tokenizer.VocabularySize, 1);
        Fit(model, tokenizer, pairs);
        var tokenizerPath = Path.Combine(Directory.CreateDirectory(_folder).FullName, ModelFolder.TokenizerFile);
        tokenizer.Save(tokenizerPath);
        ModelFolder.Save(
            _folder,
            model,
            File.ReadAllBytes(tokenizerPath),
            new ModelManifest { Specification = spec, VocabularySize = tokenizer.VocabularySize }
        );

        using var translator = Translator.Open(_folder);
        return [.. translator.Translate(sentences)];
    }

    private static BpeTokenizer Train(IEnumerable<DatePair> pairs)
    {
        var trainer = new BpeTrainer();
        foreach (var pair in pairs)
        {
            trainer.Add(pair.Source);
            trainer.Add(pair.Target);
        }
        return trainer.Train(320);
    }

    private static void Fit(SequenceToSequenceModel model, BpeTokenizer tokenizer, IReadOnlyList<DatePair> pairs)
    {
        var sources = pairs.Select(pair => tokenizer.Encode(pair.Source)).ToList();
        var targets = pairs.Select(pair => tokenizer.Encode(pair.Target)).ToList();
        var source = TinyModels.Rows([.. sources.Select(row => (long[])[.. row, 2])]);
        var lengths = tensor(sources.Select(row => row.Length + 1L).ToArray());
        var input = TinyModels.Rows([.. targets.Select(row => (long[])[1, .. row])]);
        var labels = TinyModels.Rows([.. targets.Select(row => (long[])[.. row, 2])]);
        var optimizer = new PlainAdam(model, 4e-3);
        for (var step = 0; step < 50; step++)
        {
            using var scope = NewDisposeScope();
            model.Loss(source, lengths, input, labels, 0).div(500).backward();
            optimizer.Step();
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(Python, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["OPENBLAS_NUM_THREADS"] = start.Environment["OMP_NUM_THREADS"] = "1";
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        var (text, errors) = (await output, await error);
        return (process.ExitCode, process.ExitCode == 0 ? text : text + errors);
    }
}
