using System.Text.Json.Nodes;
using TrainingCluster.Modeling.Models;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

/// <summary>Small models and batches that several tests share.</summary>
internal static class TinyModels
{
    public const int Vocabulary = 23;

    public static SequenceToSequenceModel Create(string kind, Action<JsonObject>? change = null, ulong seed = 7)
    {
        var spec = new JsonObject
        {
            ["kind"] = kind,
            ["dModel"] = 32,
            ["heads"] = 4,
            ["layers"] = 2,
            ["feedForward"] = 64,
            ["dropout"] = 0,
        };
        change?.Invoke(spec);
        return ModelFactory.Create(ModelOptions.FromJson(spec), Vocabulary, seed);
    }

    /// <summary>Rows of different lengths: [B, S], [B], [B, T], [B, T].</summary>
    public static (Tensor Source, Tensor Lengths, Tensor Input, Tensor Labels) Batch(int rows = 4, int seed = 1)
    {
        var random = new Random(seed);
        var sources = Enumerable.Range(0, rows).Select(_ => Tokens(random, random.Next(2, 7))).ToArray();
        var targets = Enumerable.Range(0, rows).Select(_ => Tokens(random, random.Next(1, 6))).ToArray();
        return (
            Rows([.. sources.Select(source => (long[])[.. source, 2])]),
            tensor(sources.Select(source => source.Length + 1L).ToArray()),
            Rows([.. targets.Select(target => (long[])[1, .. target])]),
            Rows([.. targets.Select(target => (long[])[.. target, 2])])
        );
    }

    public static Tensor Rows(IReadOnlyList<long[]> rows)
    {
        var width = rows.Max(row => row.Length);
        return tensor(rows.SelectMany(row => row.Concat(new long[width - row.Length])).ToArray(), new long[] { rows.Count, width });
    }

    private static long[] Tokens(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(4, Vocabulary))];
}
