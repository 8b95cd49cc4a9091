using System.Diagnostics;
using System.Text.Json;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Tests.Data;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Tests.Tokenization;

/// <summary>Holds our tokenizer against Hugging Face's own library, through Node.js and its npm package.</summary>
public sealed class HuggingFaceTests : IDisposable
{
    private const string Package = "@huggingface/tokenizers@0.2.0";

    private static readonly string[] s_odd =
    [
        " ",
        "  two  spaces ",
        "tab\tand\u00A0no-break\u3000wide",
        "e\u0301 ö ß İ ſ ﬁ",
        "1,234.56-7 ½ Ⅷ 三 ٣",
        "don't \"quote\" (a)[b]{c}<d>",
        "a\u0085b\u2028c",
        "ไทย हिन्दी العربية",
        "日本語テキスト、カタカナ。",
        "한국어 텍스트",
        "Ｆｕｌｌｗｉｄｔｈ　１２３",
        "😀 👍🏽 👩‍👩‍👧 🇩🇪 ❤️",
        "𠀀𠀁𠮷野家 𝔘𝔫𝔦",
        "Ġ ▁ \u2581",
        "x̣́ q̣̇",
    ];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EncodeAndDecode_ManySentences_EqualHuggingFace()
    {
        var work = await InstallAsync();
        var trainer = new BpeTrainer();
        var dates = DatesTask.Generate(1, 100).Select(pair => pair.Source).ToArray();
        string[] sentences = [.. SampleText.Pairs.SelectMany(pair => new[] { pair.De, pair.En }), .. dates, .. s_odd];
        Assert.True(sentences.Length >= 200);
        foreach (var sentence in sentences)
        {
            trainer.Add(sentence);
        }
        var tokenizer = trainer.Train(600);
        tokenizer.Save(_folder.File("tokenizer.json"));
        var cases = sentences
            .Select(text => (text, ids: tokenizer.Encode(text)))
            .Select(pair => new
            {
                pair.text,
                pair.ids,
                decoded = tokenizer.Decode(pair.ids),
            });
        _folder.Write("cases.json", JsonSerializer.Serialize(cases));

        var (code, output) = await RunAsync(
            "node",
            work,
            Path.Combine(work, "check_tokenizer.mjs"),
            _folder.File("tokenizer.json"),
            _folder.File("cases.json")
        );
        Assert.Equal($"checked {sentences.Length}", output.Trim());
        Assert.Equal(0, code);
    }

    /// <summary>A folder beside the test program with the package and the script in it; skips the test where that cannot be had.</summary>
    private static async Task<string> InstallAsync()
    {
        Assert.SkipUnless(OnPath("node") && OnPath("npm"), "Node.js or npm is not installed.");
        var work = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "huggingface")).FullName;
        File.Copy(
            Path.Combine(AppContext.BaseDirectory, "check_tokenizer.mjs"),
            Path.Combine(work, "check_tokenizer.mjs"),
            overwrite: true
        );
        if (!File.Exists(Path.Combine(work, "node_modules", "@huggingface", "tokenizers", "package.json")))
        {
            File.WriteAllText(Path.Combine(work, "package.json"), "{\"private\":true}");
            var (code, output) = await RunAsync("npm", work, "install", "--no-audit", "--no-fund", "--fetch-retries=1", Package);
            Assert.SkipUnless(code == 0, $"npm cannot install {Package}: {output}");
        }
        return work;
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task<(int Code, string Output)> RunAsync(string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, process.ExitCode == 0 ? output : output + await errors);
    }
}
