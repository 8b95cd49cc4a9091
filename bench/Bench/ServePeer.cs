using System.Globalization;
using System.Text.Json;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Bench;

/// <summary>The PyTorch loop beside the server: a program that decodes as many sentences at a time as there are clients.</summary>
/// <param name="python">With PyTorch.</param>
/// <param name="model">The model's folder.</param>
/// <param name="threads">Compute threads.</param>
/// <param name="sentences">What the clients send.</param>
/// <param name="folder">For the sentences' tokens.</param>
internal sealed class ServePeer(string python, string model, int threads, string[] sentences, string folder)
{
    private string? _sources;

    /// <summary>Batches of as many sentences as there are clients, for some time.</summary>
    public Task<Row?> MeasureAsync(int beam, int clients, TimeSpan time) =>
        RunAsync(beam, clients, "--seconds", time.TotalSeconds.ToString(CultureInfo.InvariantCulture));

    /// <summary>The memory of some copies of the model, each of which has translated a batch.</summary>
    public Task<Row?> MeasureMemoryAsync(int copies) => RunAsync(4, 32, "--seconds", "0", "--copies", $"{copies}");

    private async Task<Row?> RunAsync(int beam, int batch, params string[] others)
    {
        var lines = await BenchProcesses.RunPeerAsync(
            python,
            "torch_decode.py",
            [
                .. (string[])["--model", model, "--sources", await SourcesAsync()],
                .. (string[])["--beam", $"{beam}", "--batch", $"{batch}", "--threads", $"{threads}"],
                .. others,
            ]
        );
        return lines is null ? null : JsonSerializer.Deserialize<Row>(lines[^1], JsonSerializerOptions.Web);
    }

    private async Task<string> SourcesAsync()
    {
        if (_sources is null)
        {
            var tokenizer = BpeTokenizer.Load(Path.Combine(model, ModelFolder.TokenizerFile));
            var sources = sentences.Select(sentence => (int[])[.. tokenizer.Encode(sentence), BpeTokenizer.EosId]);
            _sources = Path.Combine(folder, "sources.json");
            await File.WriteAllTextAsync(_sources, JsonSerializer.Serialize(sources));
        }
        return _sources;
    }

    /// <summary>What the peer prints.</summary>
    /// <param name="Rate">Sentences a second.</param>
    /// <param name="CpuMs">Processor time of a sentence, in milliseconds.</param>
    /// <param name="Latencies">Of each batch, in milliseconds.</param>
    /// <param name="ResidentMb">Resident memory at the end.</param>
    /// <param name="Answers">Tokens, in the order of the sentences.</param>
    internal sealed record Row(double Rate, double CpuMs, IReadOnlyList<double> Latencies, double ResidentMb, IReadOnlyList<int[]> Answers);
}
