using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Data;

/// <summary>Encodes pairs, and refuses those with more than <paramref name="maxTokens"/> tokens on one side.</summary>
internal sealed class PairEncoder(BpeTokenizer tokenizer, int maxTokens)
{
    // No token is longer than this many characters in practice: a longer sentence is not worth encoding to find out.
    private const int LongestTokenChars = 256;

    public int VocabularySize => tokenizer.VocabularySize;

    public bool TryEncode(SentencePair pair, out int[] source, out int[] target)
    {
        (source, target) = ([], []);
        if (Math.Max(pair.Source.Length, pair.Target.Length) > (long)maxTokens * LongestTokenChars)
        {
            return false;
        }
        (source, target) = (tokenizer.Encode(pair.Source), tokenizer.Encode(pair.Target));
        return Math.Max(source.Length, target.Length) <= maxTokens;
    }
}
