using System.CommandLine;
using System.Diagnostics;
using TorchSharp;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.V1;
using static TorchSharp.torch;

namespace TrainingCluster.Bench;

/// <summary>
/// Sentences a second of prediction: batched by length with kept keys and values, beside a loop that takes one sentence
/// at a time and computes the whole beginning anew for each token. First weights, so that all answers reach the length limit.
/// </summary>
internal static class SearchBench
{
    public static Command Command()
    {
        var sentences = new Option<int>("--sentences") { Description = "Sentences of 8 to 24 tokens.", DefaultValueFactory = _ => 200 };
        var length = new Option<int>("--length") { Description = "Tokens of each answer.", DefaultValueFactory = _ => 16 };
        var threads = new Option<int>("--threads") { Description = "Compute threads.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print JSON lines instead of a table." };
        var command = new Command("search", "Sentences a second of greedy and beam search, beside a naive loop.")
        {
            sentences,
            length,
            threads,
            json,
        };
        command.SetAction(parsed =>
            Run(parsed.GetValue(sentences), parsed.GetValue(length), parsed.GetValue(threads), parsed.GetValue(json))
        );
        return command;
    }

    private static int Run(int sentences, int length, int threads, bool json)
    {
        torch.set_num_threads(threads);
        var random = new Random(1);
        var sources = Enumerable
            .Range(0, sentences)
            .Select(_ => (int[])[.. Enumerable.Range(0, random.Next(8, 25)).Select(_ => random.Next(4, 6000)), SequenceSearch.EosId])
            .ToList();
        var table = new BenchTable(json, "model", "search", "sentences/s", "ratio");
        foreach (var kind in new[] { "transformer", "recurrent-attention" })
        {
            using var model = ModelFactory.Create(new ModelSpec { Kind = kind }.ToOptions(), 6000, seed: 1);
            var options = new SearchOptions { MaxLength = length };
            SequenceSearch.Search(model, sources.GetRange(0, Math.Min(8, sentences)), options);
            // A tenth of the sentences is enough to know how slow the loop is.
            var few = sources.GetRange(0, Math.Max(1, sentences / 10));
            var naive = Rate(few.Count, () => Naive(model, few, length));
            table.Add(kind, "naive loop", naive, 1.0);
            foreach (var beam in new[] { 1, 4 })
            {
                var rate = Rate(sentences, () => SequenceSearch.Search(model, sources, options with { Beam = beam }));
                table.Add(kind, beam == 1 ? "greedy" : $"beam {beam}", rate, rate / naive);
            }
        }
        table.Print();
        return 0;
    }

    private static double Rate(int sentences, Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return sentences / watch.Elapsed.TotalSeconds;
    }

    private static void Naive(SequenceToSequenceModel model, List<int[]> sources, int length)
    {
        using var noGradients = no_grad();
        model.eval();
        foreach (var source in sources)
        {
            List<long> answer = [SequenceSearch.BosId];
            while (answer.Count <= length && answer[^1] != SequenceSearch.EosId)
            {
                using var scope = NewDisposeScope();
                var scores_V = model.Logits(
                    tensor(source.Select(token => (long)token).ToArray(), new long[] { 1, source.Length }),
                    tensor(new long[] { source.Length }),
                    tensor(answer.ToArray(), new long[] { 1, answer.Count })
                )[0][answer.Count - 1];
                answer.Add(scores_V.narrow(0, 2, model.VocabularySize - 2).argmax().item<long>() + 2);
            }
        }
    }
}
