using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// The recurrent model with attention that learns to write six letters backwards: one layer, seconds on one core. Where it looks
/// becomes the anti-diagonal of the map from written to read letters.
/// </summary>
public static class RecurrentReversal
{
    /// <summary>Before the first step, midway and after the last: the steps after which maps are taken.</summary>
    public static IReadOnlyList<int> Looks { get; } = [0, 144, 432];

    /// <summary>What is to be learned.</summary>
    public static ReversalTask Task { get; } = new();

    /// <summary>How it is trained.</summary>
    public static ToyTrainingOptions Training { get; } = new() { Steps = 432, Rows = 64 };

    /// <summary>A hundred sequences on which the model is looked at.</summary>
    public static Batch Examples { get; } = Task.Draw(100, new DeterministicRandom(2));

    /// <summary>A model with its first weights.</summary>
    public static RecurrentAttention CreateModel() =>
        (RecurrentAttention)
            ModelFactory.Create(
                new RecurrentAttentionOptions
                {
                    Width = 32,
                    Layers = 1,
                    Lstm = true,
                    Dropout = 0.1,
                },
                Task.VocabularySize,
                seed: 1
            );

    /// <summary>How much of the weight lies on the letter that is being written, as a mean over the letters of a map.</summary>
    /// <param name="map">[T, S], from <see cref="CrossAttention.Of"/>; the end token's row and column do not count.</param>
    public static double OnTheLetter(float[,] map)
    {
        ArgumentNullException.ThrowIfNull(map);
        var letters = map.GetLength(0) - 1;
        return Enumerable.Range(0, letters).Average(t => map[t, letters - 1 - t]);
    }
}
