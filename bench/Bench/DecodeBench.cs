using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TorchSharp;
using TrainingCluster.Cli.Local;
using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Bench;

/// <summary>
/// Sentences a second of translation with a trained model, by search and by how many sentences are given at a time; with --peer beside
/// a PyTorch loop with kept keys and values, which loads the same weights. Processor time tells what a sentence costs where other
/// programs take turns on the processors.
/// </summary>
internal static class DecodeBench
{
    public static Command Command()
    {
        var model = new Option<string>("--model")
        {
            Description = "A model folder.",
            HelpName = "DIR",
            Required = true,
        };
        var text = new Option<string>("--text")
        {
            Description = "Sentences to translate, a line each.",
            HelpName = "FILE",
            Required = true,
        };
        var beams = new Option<int[]>("--beams")
        {
            Description = "Beams to measure; 1: greedy.",
            DefaultValueFactory = _ => [1, 5],
            AllowMultipleArgumentsPerToken = true,
        };
        var batches = new Option<int[]>("--batches")
        {
            Description = "Sentences given at a time; 0: all of them (the peer: 64, sorted by length).",
            DefaultValueFactory = _ => [1, 16, 0],
            AllowMultipleArgumentsPerToken = true,
        };
        var limit = new Option<int>("--sentences")
        {
            Description = "The first so many sentences of the text; 0: all.",
            DefaultValueFactory = _ => 0,
        };
        var rounds = new Option<int>("--rounds") { Description = "Times that each row is measured.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int>("--threads") { Description = "Compute threads.", DefaultValueFactory = _ => 1 };
        var peer = new Option<bool>("--peer") { Description = "Measure a PyTorch loop too, in turn with ours." };
        var python = BenchProcesses.PythonOption();
        var json = new Option<bool>("--json") { Description = "Print JSON lines instead of a table." };
        var command = new Command("decode", "Sentences a second of a trained model, greedy and with beams.")
        {
            model,
            text,
            beams,
            batches,
            limit,
            rounds,
            threads,
            peer,
            python,
            json,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    new Settings(
                        parsed.GetValue(model)!,
                        parsed.GetValue(text)!,
                        parsed.GetValue(beams)!,
                        parsed.GetValue(batches)!,
                        parsed.GetValue(limit),
                        parsed.GetValue(rounds),
                        parsed.GetValue(threads),
                        parsed.GetValue(peer) ? parsed.GetValue(python) : null,
                        parsed.GetValue(json)
                    ),
                    cancellationToken
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(Settings settings, CancellationToken cancellationToken)
    {
        torch.set_num_threads(settings.Threads);
        using var folder = new TemporaryFolder();
        using var translator = Translator.Open(settings.Model);
        var lines = await File.ReadAllLinesAsync(settings.Text, cancellationToken);
        int[][] sources =
        [
            .. lines
                .Where(line => !string.IsNullOrWhiteSpace(line))
                .Take(settings.Sentences > 0 ? settings.Sentences : int.MaxValue)
                .Select(translator.Encode),
        ];
        var file = Path.Combine(folder.Path, "sources.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(sources), cancellationToken);
        var table = new BenchTable(
            settings.Json,
            "search",
            "at a time",
            "system",
            "sentences/s",
            "median ms",
            "99 % ms",
            "CPU ms",
            "ratio",
            "CPU ratio",
            "same",
            "sha256"
        );
        foreach (var beam in settings.Beams)
        {
            foreach (var batch in settings.Batches)
            {
                var (ours, peers) = (new List<Measured>(), new List<Measured>());
                for (var round = 0; round < settings.Rounds; round++)
                {
                    ours.Add(Measure(translator, sources, beam, batch, cancellationToken));
                    if (settings.Python is { } python && await RunPeerAsync(python, settings, file, beam, batch) is { } measured)
                    {
                        peers.Add(measured);
                    }
                }
                Add(table, beam, batch, "cluster", ours, peers);
                if (peers.Count > 0)
                {
                    Add(table, beam, batch, "PyTorch", peers, []);
                }
            }
        }
        table.Print();
        return 0;
    }

    private static void Add(BenchTable table, int beam, int batch, string system, List<Measured> rounds, List<Measured> peers) =>
        table.Add(
            beam == 1 ? "greedy" : $"beam {beam}",
            batch == 0 ? "all" : batch.ToString(CultureInfo.InvariantCulture),
            system,
            BenchTable.Median(rounds.Select(round => round.Rate)),
            BenchTable.Median(rounds.Select(round => BenchTable.Median(round.Latencies))),
            BenchTable.Median(rounds.Select(round => round.Latencies.Order().ElementAt((int)(0.99 * (round.Latencies.Count - 1))))),
            BenchTable.Median(rounds.Select(round => round.CpuMs)),
            peers.Count == 0 ? null : BenchTable.Median(rounds.Zip(peers).Select(pair => pair.First.Rate / pair.Second.Rate)),
            peers.Count == 0 ? null : BenchTable.Median(rounds.Zip(peers).Select(pair => pair.Second.CpuMs / pair.First.CpuMs)),
            peers.Count == 0
                ? null
                : rounds[0].Answers.Zip(peers[0].Answers).Count(pair => pair.First.SequenceEqual(pair.Second))
                    / (double)rounds[0].Answers.Count,
            Hash(rounds[0].Answers)[..8]
        );

    private static string Hash(IReadOnlyList<int[]> answers) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(JsonSerializer.Serialize(answers))));

    private static Measured Measure(Translator translator, int[][] sources, int beam, int batch, CancellationToken cancellationToken)
    {
        var options = new SearchOptions { Beam = beam };
        SequenceSearch.Search(translator.Model, sources[..Math.Min(16, sources.Length)], options, cancellationToken);
        using var self = Process.GetCurrentProcess();
        var worked = self.TotalProcessorTime;
        var (answers, latencies, watch) = (new List<int[]>(), new List<double>(), Stopwatch.StartNew());
        foreach (var chunk in sources.Chunk(batch == 0 ? sources.Length : batch))
        {
            var began = Stopwatch.GetTimestamp();
            var found = SequenceSearch.Search(translator.Model, chunk, options, cancellationToken);
            answers.AddRange(found.Select(answer => answer.Tokens.ToArray()));
            latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        var rate = sources.Length / watch.Elapsed.TotalSeconds;
        self.Refresh();
        return new Measured(rate, (self.TotalProcessorTime - worked).TotalMilliseconds / sources.Length, latencies, answers);
    }

    private static async Task<Measured?> RunPeerAsync(string python, Settings settings, string sources, int beam, int batch)
    {
        var lines = await BenchProcesses.RunPeerAsync(
            python,
            "torch_decode.py",
            [
                "--model",
                settings.Model,
                "--sources",
                sources,
                .. (string[])["--beam", $"{beam}", "--batch", $"{(batch == 0 ? 64 : batch)}", "--threads", $"{settings.Threads}"],
                .. (string[])(batch == 0 ? ["--sort"] : []),
            ]
        );
        return lines is null ? null
            : JsonSerializer.Deserialize<ServePeer.Row>(lines[^1], JsonSerializerOptions.Web) is { } row
                ? new Measured(row.Rate, row.CpuMs, row.Latencies, row.Answers)
            : null;
    }

    private sealed record Settings(
        string Model,
        string Text,
        int[] Beams,
        int[] Batches,
        int Sentences,
        int Rounds,
        int Threads,
        string? Python,
        bool Json
    );

    private sealed record Measured(double Rate, double CpuMs, IReadOnlyList<double> Latencies, IReadOnlyList<int[]> Answers);
}
