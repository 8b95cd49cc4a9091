using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>
/// Five words, one of them twice, and a self-attention layer whose weights follow from a number: what the course looks at
/// where nothing needs to be trained.
/// </summary>
public static class ToySentence
{
    /// <summary>D.</summary>
    public const int Width = 4;

    // A word is one feature of four, so that a query and a key are a column of W_q and one of W_k.
    private const double Strength = 4;
    private static readonly string[] s_vocabulary = ["the", "cat", "saw", "dog"];

    /// <summary>The sentence.</summary>
    public static IReadOnlyList<string> Words { get; } = ["the", "cat", "saw", "the", "dog"];

    /// <summary>Words as vectors, without positions.</summary>
    /// <param name="words">Of <see cref="Words"/>, in any order.</param>
    /// <returns>[1, T, D].</returns>
    /// <exception cref="ArgumentException">A word is another one.</exception>
    public static Tensor Embed(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        using var scope = NewDisposeScope();
        var numbers = words.Select(word => (long)Array.IndexOf(s_vocabulary, word)).ToArray();
        if (numbers.Contains(-1))
        {
            throw new ArgumentException($"The words are {string.Join(", ", s_vocabulary)}; not: {string.Join(' ', words)}.", nameof(words));
        }
        return eye(Width).mul(Number.Of(Strength)).index_select(0, tensor(numbers)).unsqueeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>A layer of one head.</summary>
    /// <returns>The caller's.</returns>
    public static SelfAttention Layer()
    {
        var attention = new SelfAttention(Width);
        Initialisation.Fill(attention, seed: 3);
        return attention;
    }
}
