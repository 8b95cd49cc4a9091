using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Grpc.Net.Client;
using TrainingCluster.Cli.Local;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Modeling.Tokenization;
using TrainingCluster.V1;

namespace TrainingCluster.Bench;

/// <summary>
/// Sentences a second of the server of translations, with one client that asks for one sentence after another, and with several. The
/// server is the real program. First weights, unless a model is named, so that all answers reach the length limit.
/// </summary>
internal static class ServeBench
{
    private const int Vocabulary = 6000;
    private static readonly TimeSpan s_startWithin = TimeSpan.FromMinutes(2);

    public static Command Command()
    {
        var clients = new Option<int>("--clients") { Description = "Clients at a time, beside one.", DefaultValueFactory = _ => 16 };
        var seconds = new Option<int>("--seconds") { Description = "Time of each row.", DefaultValueFactory = _ => 10 };
        var threads = new Option<int>("--threads")
        {
            Description = "Batches that the server computes at a time, and the peer's threads. Default: as many as there are processors.",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var model = new Option<string?>("--model") { Description = "A model folder. Default: one of the usual shape with first weights." };
        var text = new Option<string?>("--text") { Description = "Sentences to send, a line each. Default: random words." };
        var models = new Option<int?>("--models")
        {
            Description = "Instead: the memory of a server with one model, and with so many copies of it.",
        };
        var peer = new Option<bool>("--peer")
        {
            Description = "Measure a PyTorch loop too, in turn: a sentence at a time, and as many as there are clients.",
        };
        var python = BenchProcesses.PythonOption();
        var json = new Option<bool>("--json") { Description = "Print JSON lines instead of a table." };
        var command = new Command("serve", "Sentences a second and latencies of ./cluster serve, with one client and with several.")
        {
            clients,
            seconds,
            threads,
            model,
            text,
            models,
            peer,
            python,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var folder = new TemporaryFolder();
                var random = new Random(1);
                var words = Words(random);
                var path = parsed.GetValue(model) ?? Save(Path.Combine(folder.Path, "model"), words);
                var sentences = parsed.GetValue(text) is { } file
                    ? await File.ReadAllLinesAsync(file, cancellationToken)
                    : Sentences(random, words);
                var torch = parsed.GetValue(peer)
                    ? new ServePeer(parsed.GetValue(python)!, path, parsed.GetValue(threads), sentences, folder.Path)
                    : null;
                if (parsed.GetValue(models) is { } many)
                {
                    await MeasureMemoryAsync(path, many, sentences, torch, parsed.GetValue(json), folder.Path, cancellationToken);
                    return 0;
                }
                var table = new BenchTable(
                    parsed.GetValue(json),
                    "search",
                    "clients",
                    "sentences/s",
                    "median ms",
                    "99 % ms",
                    "CPU ms",
                    "ratio",
                    "CPU ratio",
                    "PyTorch/s",
                    "its median ms",
                    "its 99 % ms",
                    "its CPU ms",
                    "ours/its"
                );
                await using var server = await StartAsync([path], parsed.GetValue(threads), folder.Path, cancellationToken);
                foreach (var beam in new[] { 1, 4 })
                {
                    var (alone, costAlone) = (0.0, 0.0);
                    foreach (var count in new[] { 1, parsed.GetValue(clients) }.Distinct())
                    {
                        var time = TimeSpan.FromSeconds(parsed.GetValue(seconds));
                        await MeasureAsync(server.Address, sentences, beam, count, TimeSpan.FromSeconds(1), cancellationToken);
                        var worked = await ReadAsync(server, "process_cpu_seconds_total", cancellationToken);
                        var latencies = await MeasureAsync(server.Address, sentences, beam, count, time, cancellationToken);
                        worked = await ReadAsync(server, "process_cpu_seconds_total", cancellationToken) - worked;
                        var cost = worked * 1000 / latencies.Count;
                        var rate = latencies.Count / time.TotalSeconds;
                        (alone, costAlone) = count == 1 ? (rate, cost) : (alone, costAlone);
                        var other = torch is null ? null : await torch.MeasureAsync(beam, count, time);
                        table.Add(
                            beam == 1 ? "greedy" : $"beam {beam}",
                            count,
                            rate,
                            BenchTable.Median(latencies),
                            latencies[(int)(0.99 * (latencies.Count - 1))],
                            cost,
                            rate / alone,
                            costAlone / cost,
                            other?.Rate,
                            other is null ? null : BenchTable.Median(other.Latencies),
                            other?.Latencies.Order().ElementAt((int)(0.99 * (other.Latencies.Count - 1))),
                            other?.CpuMs,
                            rate / other?.Rate
                        );
                    }
                }
                table.Print();
                return 0;
            }
        );
        return command;
    }

    /// <summary>Latencies in milliseconds, sorted.</summary>
    private static async Task<List<double>> MeasureAsync(
        string address,
        string[] sentences,
        int beam,
        int clients,
        TimeSpan time,
        CancellationToken cancellationToken
    )
    {
        var watch = Stopwatch.StartNew();
        var all = await Task.WhenAll(
            Enumerable
                .Range(0, clients)
                .Select(async client =>
                {
                    using var channel = GrpcChannel.ForAddress(address);
                    var inference = new Inference.InferenceClient(channel);
                    var latencies = new List<double>();
                    for (var i = client; watch.Elapsed < time; i += clients)
                    {
                        var began = Stopwatch.GetTimestamp();
                        var request = new TranslateRequest
                        {
                            Texts = { sentences[i % sentences.Length] },
                            Search = new SearchSettings { Beam = beam },
                        };
                        await inference.TranslateAsync(request, cancellationToken: cancellationToken);
                        latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                    }
                    return latencies;
                })
        );
        return [.. all.SelectMany(latencies => latencies).Order()];
    }

    /// <summary>Every model has translated a batch when its server's memory is read.</summary>
    private static async Task MeasureMemoryAsync(
        string model,
        int many,
        string[] sentences,
        ServePeer? peer,
        bool json,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var table = new BenchTable(json, "models", "file MB", "resident MB", "PyTorch MB");
        foreach (var count in new[] { 1, many })
        {
            var copies = Enumerable
                .Range(1, count)
                .Select(number => Copy(model, Path.Combine(folder, $"copies-{count}", $"m{number}")))
                .ToList();
            await using var server = await StartAsync(copies, 1, folder, cancellationToken);
            using var channel = GrpcChannel.ForAddress(server.Address);
            var inference = new Inference.InferenceClient(channel);
            foreach (var copy in copies)
            {
                var request = new TranslateRequest { Model = Path.GetFileName(copy), Texts = { sentences.Take(32) } };
                await inference.TranslateAsync(request, cancellationToken: cancellationToken);
            }
            table.Add(
                count,
                new FileInfo(Path.Combine(model, ModelFolder.WeightsFile)).Length / 1e6,
                await ReadAsync(server, "process_resident_memory_bytes", cancellationToken) / 1e6,
                peer is null ? null : (await peer.MeasureMemoryAsync(count))?.ResidentMb
            );
        }
        table.Print();
    }

    private static async Task<double> ReadAsync(Server server, string metric, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync($"{server.Http}/metrics", cancellationToken);
        var line = metrics.Split('\n').Single(line => line.StartsWith($"{metric} ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static string Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
        return to;
    }

    private static async Task<Server> StartAsync(List<string> models, int threads, string folder, CancellationToken cancellationToken)
    {
        var ready = Path.Combine(folder, "ready.json");
        string[] ports = ["--grpc-port", "0", "--http-port", "0"];
        var program = ChildProgram.Start(
            "serve",
            ProgramFiles.Serving,
            [
                .. models.SelectMany(model => new[] { "--model", model }),
                "--set",
                $"Models:MaxLoaded={models.Count}",
                "--threads",
                $"{threads}",
                .. ports,
                "--ready-file",
                ready,
            ],
            Path.Combine(folder, "serve.log"),
            TimeProvider.System
        );
        var addresses = await program.ReadyAsync(ready, s_startWithin, cancellationToken);
        return new Server(program, addresses.Grpc, addresses.Http);
    }

    /// <summary>A model of the usual shape, and a vocabulary that cuts the words.</summary>
    private static string Save(string folder, string[] words)
    {
        var trainer = new BpeTrainer();
        foreach (var word in words)
        {
            trainer.Add(word);
        }
        var tokenizer = trainer.Train(Vocabulary);
        var path = Path.Combine(Path.GetDirectoryName(folder)!, "tokenizer.json");
        tokenizer.Save(path);
        using var model = ModelFactory.Create(new TransformerOptions(), tokenizer.VocabularySize, seed: 1);
        ModelFolder.Save(
            folder,
            model,
            File.ReadAllBytes(path),
            new ModelManifest
            {
                Specification = new JsonObject { ["model"] = new JsonObject { ["kind"] = "transformer" } },
                VocabularySize = tokenizer.VocabularySize,
            }
        );
        return folder;
    }

    private static string[] Words(Random random) =>
        [
            .. Enumerable
                .Range(0, 8000)
                .Select(_ => string.Concat(Enumerable.Range(0, random.Next(2, 9)).Select(_ => (char)random.Next('a', 'z' + 1)))),
        ];

    private static string[] Sentences(Random random, string[] words) =>
        [
            .. Enumerable
                .Range(0, 1000)
                .Select(_ => string.Join(' ', Enumerable.Range(0, random.Next(5, 16)).Select(_ => words[random.Next(words.Length)]))),
        ];

    private sealed record Server(ChildProgram Program, string Address, string Http) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Program.StopAsync(TimeSpan.FromSeconds(5));
            await Program.DisposeAsync();
        }
    }
}
