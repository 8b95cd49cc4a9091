using TrainingCluster.Modeling.Tests.Data;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Tests.Tokenization;

public class BpeTrainerTests
{
    [Fact]
    public void Train_KnownCounts_MergesTheMostFrequentPairFirst()
    {
        var trainer = new BpeTrainer();
        for (var i = 0; i < 5; i++)
        {
            trainer.Add("low");
        }
        trainer.Add("lower newest newest");
        var tokenizer = trainer.Train(BpeTokenizer.MinimumVocabularySize + 4);
        // " l" and "lo" and "ow" stand 6 times each: the pair with the smaller ids goes first.
        Assert.Equal(["Ġl", "ow", "Ġlow"], tokenizer.Tokens.Skip(BpeTokenizer.MinimumVocabularySize).Take(3));
    }

    [Fact]
    public void Train_SameSentencesInOtherOrder_GivesTheSameVocabulary()
    {
        var (forward, backward) = (new BpeTrainer(), new BpeTrainer());
        foreach (var (de, _) in SampleText.Pairs)
        {
            forward.Add(de);
        }
        foreach (var (de, _) in SampleText.Pairs.Reverse())
        {
            backward.Add(de);
        }
        Assert.Equal(forward.Train(500).Tokens, backward.Train(500).Tokens);
    }

    [Fact]
    public void Train_IncrementalCounts_EqualCountingAnewEachTime()
    {
        var trainer = new BpeTrainer();
        foreach (var (de, en) in SampleText.Pairs)
        {
            trainer.Add(de);
            trainer.Add(en);
        }
        Assert.Equal(NaiveTokens(360), trainer.Train(360).Tokens);
    }

    [Fact]
    public void Train_TextTooSmallForTheSize_GivesFewerTokens()
    {
        var trainer = new BpeTrainer();
        trainer.Add("ab ab");
        // The merges "Ġa" + "b" use up every pair that stands twice.
        Assert.Equal(BpeTokenizer.MinimumVocabularySize + 2, trainer.Train(1000).VocabularySize);
    }

    [Fact]
    public void Train_NothingSeen_GivesBytes() =>
        Assert.Equal(BpeTokenizer.MinimumVocabularySize, new BpeTrainer().Train(300).VocabularySize);

    [Fact]
    public void Train_BelowTheMinimum_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BpeTrainer().Train(BpeTokenizer.MinimumVocabularySize - 1));

    /// <summary>Byte-pair encoding as the paper's listing has it: count all pairs, merge the best, start again.</summary>
    private static List<string> NaiveTokens(int size)
    {
        var baseTokens = SampleText.Tokenizer(BpeTokenizer.MinimumVocabularySize);
        var tokens = baseTokens.Tokens.ToList();
        var words = SampleText
            .Pairs.SelectMany(pair => new[] { pair.De, pair.En })
            .SelectMany(text =>
                System
                    .Text.RegularExpressions.Regex.Matches(" " + text, @" ?[\p{L}\p{M}]+| ?\p{N}| ?[^\p{L}\p{M}\p{N} ]+| +")
                    .Select(match => match.Value)
            )
            .Select(word => System.Text.Encoding.UTF8.GetBytes(word).Select(b => BpeTokenizer.SpecialTokenCount + b).ToList())
            .ToList();
        while (tokens.Count < size)
        {
            var (left, right) = words
                .SelectMany(word => word.Zip(word.Skip(1)))
                .GroupBy(pair => pair)
                .OrderByDescending(group => group.Count())
                .ThenBy(group => group.Key)
                .First()
                .Key;
            tokens.Add(tokens[left] + tokens[right]);
            foreach (var word in words)
            {
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] == left && word[i + 1] == right)
                    {
                        word[i] = tokens.Count - 1;
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }
        return tokens;
    }
}
