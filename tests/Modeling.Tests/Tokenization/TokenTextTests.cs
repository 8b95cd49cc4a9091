using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Modeling.Tests.Data;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Tests.Tokenization;

public class TokenTextTests
{
    private static readonly BpeTokenizer s_tokenizer = SampleText.Tokenizer();

    [Theory]
    [InlineData("")]
    [InlineData("  two  leading")]
    [InlineData("我们在北京")]
    [InlineData("𠀀𠀁 outside the BMP, 👩‍👩‍👧")]
    public void Advance_TokenByToken_GivesTheTextInWholeCharacters(string text)
    {
        var tokens = s_tokenizer.Encode(text);
        var pieces = Pieces(tokens);
        Assert.Equal(text, string.Concat(pieces));
        Assert.All(pieces, piece => Assert.DoesNotContain('\uFFFD', piece));
    }

    // Models may write bytes that form no character.
    [Fact]
    public void Advance_AnyTokens_GivesWhatDecodeGives() =>
        Prop.ForAll(
                Gen.Choose(0, s_tokenizer.VocabularySize - 1).ArrayOf().ToArbitrary(),
                tokens => string.Concat(Pieces(tokens)) == s_tokenizer.Decode(tokens)
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static List<string> Pieces(int[] tokens)
    {
        var text = new TokenText(s_tokenizer);
        var pieces = Enumerable.Range(1, tokens.Length).Select(count => text.Advance(tokens.AsSpan(0, count))).ToList();
        return [.. pieces, text.Advance(tokens, isWhole: true)];
    }
}
