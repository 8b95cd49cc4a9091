using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// A part of a Transformer taken away, beside the whole, each trained in seconds on <see cref="ReversalTask"/> from the
/// same first weights and the same batches.
/// </summary>
public static class Ablations
{
    private const int Examined = 200;

    /// <summary>Without positions, then with each kind of them.</summary>
    public static IReadOnlyList<AblationRun> Positions() =>
        [
            .. new[] { PositionKind.None, PositionKind.Sinusoidal, PositionKind.Learned, PositionKind.Rotary }.Select(kind =>
                Run(kind.ToString().ToLowerInvariant(), ModelFactory.Create(Small with { Positions = kind }, Task.VocabularySize, seed: 1))
            ),
        ];

    /// <summary>One head of 64 features, its scores divided by √64 and not.</summary>
    public static IReadOnlyList<AblationRun> Scale() =>
        [
            Run("scaled", new AblationOptions { Width = 64, Heads = 1 }),
            Run(
                "unscaled",
                new AblationOptions
                {
                    Width = 64,
                    Heads = 1,
                    Scaled = false,
                }
            ),
        ];

    /// <summary>The decoder's self-attention with its causal mask and without.</summary>
    public static IReadOnlyList<AblationRun> Mask() =>
        [Run("masked", new AblationOptions()), Run("unmasked", new AblationOptions { Causal = false })];

    /// <summary>The task.</summary>
    public static ReversalTask Task { get; } = new();

    /// <summary>The model whose positions are changed.</summary>
    public static TransformerOptions Small { get; } =
        new()
        {
            Width = 32,
            Heads = 4,
            Layers = 1,
            FeedForward = 64,
            Dropout = 0,
            LearnedPositions = 16,
        };

    private static AblationRun Run(string name, AblationOptions options) =>
        Run(name, new AblatedTransformer(options, Task.VocabularySize, seed: 1));

    private static AblationRun Run(string name, SequenceToSequenceModel model)
    {
        using (model)
        {
            var losses = ToyTrainer.Train(model, Task);
            var batch = Task.Draw(Examined, new DeterministicRandom(seed: 2));
            var (sources, labels) = (Rows(batch.Source, batch.SourceWidth), Rows(batch.Labels, batch.TargetWidth));
            var written = SequenceSearch.Search(model, sources).Select(answer => answer.Tokens).ToList();
            var wanted = labels.Select(row => row[..^1]).ToList();
            return new AblationRun(
                name,
                losses,
                written.Zip(wanted).Average(pair => pair.First.SequenceEqual(pair.Second) ? 1.0 : 0),
                written.Zip(wanted).Average(pair => pair.First.Order().SequenceEqual(pair.Second.Order()) ? 1.0 : 0)
            );
        }
    }

    private static List<int[]> Rows(long[] tokens, int width) =>
        [.. tokens.Chunk(width).Select(row => row.Select(token => (int)token).ToArray())];
}
