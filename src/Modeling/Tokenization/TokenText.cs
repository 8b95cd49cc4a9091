using System.Text;

namespace TrainingCluster.Modeling.Tokenization;

/// <summary>
/// The text of tokens that come one after another. The pieces make the text that <see cref="BpeTokenizer.Decode"/> gives for all of
/// them: a character whose bytes are spread over tokens comes when it is whole.
/// </summary>
/// <param name="tokenizer">The vocabulary.</param>
public sealed class TokenText(BpeTokenizer tokenizer)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private int _taken;
    private bool _hasBegun;

    /// <summary>Takes the tokens that are new, and returns what they add to the text; often nothing.</summary>
    /// <param name="tokens">All so far; they begin with those of the call before.</param>
    /// <param name="isWhole">No more come: bytes that form no character read U+FFFD.</param>
    public string Advance(ReadOnlySpan<int> tokens, bool isWhole = false)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens[Math.Min(_taken, tokens.Length)..])
        {
            bytes.AddRange(tokenizer.BytesOf(token));
        }
        _taken = Math.Max(_taken, tokens.Length);
        var buffer = bytes.ToArray();
        var characters = new char[_decoder.GetCharCount(buffer, isWhole)];
        _decoder.GetChars(buffer, characters, isWhole);
        var text = new string(characters);
        if (_hasBegun || text.Length == 0)
        {
            return text;
        }
        _hasBegun = true;
        return BpeTokenizer.WithoutSpace(text);
    }
}
