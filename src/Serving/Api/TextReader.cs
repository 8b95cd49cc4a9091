using System.Buffers;
using System.Text;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;

namespace TrainingCluster.Serving.Api;

/// <summary>Holds texts against what models take.</summary>
internal static class TextReader
{
    // What ends a line for the tools that made the training text.
    private static readonly SearchValues<char> s_lineEnds = SearchValues.Create("\n\r");

    /// <summary>What is wrong with a text, whatever the model. Null: nothing.</summary>
    public static string? ProblemOf(string text) =>
        Encoding.UTF8.GetByteCount(text) is var bytes && bytes > RequestLimits.TextBytes
            ? $"has {bytes} bytes; give at most {RequestLimits.TextBytes}, a sentence in each text"
        : text.AsSpan().ContainsAny(s_lineEnds) ? "has a line break; give a sentence in each text"
        : null;

    /// <summary>What is wrong with a text for a model. Null: nothing.</summary>
    /// <param name="tokens">Of the text, the end included.</param>
    /// <param name="search">With the model's limit.</param>
    public static string? ProblemOf(int tokens, SearchOptions search) =>
        tokens > search.MaxSourceTokens
            ? $"has {tokens} tokens, and the model reads at most {search.MaxSourceTokens}; give a sentence in each text"
            : null;

    /// <summary>Attention weights that a translation may have at most.</summary>
    public static long AttentionWeights(SequenceToSequenceModel model, int tokens, SearchOptions search)
    {
        long target = search.LimitFor(tokens);
        return model is Transformer { Options: var options }
            ? (long)options.Layers * options.Heads * (((long)tokens * tokens) + (target * target) + (target * tokens))
            : target * tokens;
    }
}
