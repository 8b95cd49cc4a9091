using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Modeling.Tests.Data;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Tests.Tokenization;

public class BpeTokenizerTests
{
    private static readonly BpeTokenizer s_tokenizer = SampleText.Tokenizer();

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("  two  leading and trailing  ")]
    [InlineData("Ein Mann sitzt auf einer Bank.")]
    [InlineData("我们在北京，今天是２０２１年！")]
    [InlineData("𠀀𠀁 outside the BMP, 👩‍👩‍👧 and 🇩🇪")]
    [InlineData("tab\tnew\nline\0zero")]
    [InlineData("e\u0301 combining, \u00a0 no-break, \u2581 block, <eos> text, Ġ stand-in")]
    public void Decode_OfEncode_GivesTheTextBack(string text) => Assert.Equal(text, s_tokenizer.Decode(s_tokenizer.Encode(text)));

    [Fact]
    public void Decode_OfEncode_GivesAnyTextBack() =>
        Prop.ForAll(Runes().ToArbitrary(), text => s_tokenizer.Decode(s_tokenizer.Encode(text)) == text)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Decode_OfEncodeWithDropout_GivesAnyTextBack() =>
        Prop.ForAll(
                Runes().ToArbitrary(),
                text => s_tokenizer.Decode(s_tokenizer.Encode(text, new BpeDropout(0.5, new DeterministicRandom(1)))) == text
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Encode_AnyText_MakesNoSpecialTokens() =>
        Assert.DoesNotContain(s_tokenizer.Encode("<pad><bos><eos><unk>"), id => id < BpeTokenizer.SpecialTokenCount);

    [Fact]
    public void Encode_HalfASurrogatePair_BecomesTheReplacementCharacter() =>
        Assert.Equal("a\uFFFDb", s_tokenizer.Decode(s_tokenizer.Encode("a\uD800b")));

    [Fact]
    public void Encode_KnownWords_AreWholeTokensWhereverTheyStand()
    {
        var tokenizer = SampleText.Tokenizer(1000);
        Assert.Equal(
            ["␣A", "␣man", "␣waits", "␣for", "␣the", "␣bus", "."],
            tokenizer.Encode("A man waits for the bus.").Select(tokenizer.Describe)
        );
        Assert.Equal(["␣man", "␣A"], tokenizer.Encode("man A").Select(tokenizer.Describe));
    }

    [Fact]
    public void Encode_Numbers_AreCutIntoDigits()
    {
        var tokenizer = SampleText.Tokenizer(1000);
        Assert.Equal(["␣1", "2", "-", "1", "2"], tokenizer.Encode("12-12").Select(tokenizer.Describe));
    }

    [Fact]
    public void Encode_VeryLongWord_EqualsTheSameMergesDoneInTheOtherWay()
    {
        // Beyond 256 bytes another algorithm does the merging; dropout of zero takes the plain one.
        var word = string.Concat(SampleText.Pairs.Select(pair => pair.En)).Replace(" ", "", StringComparison.Ordinal);
        word = string.Concat(word.Where(char.IsLetter));
        Assert.True(word.Length > 1000);
        Assert.Equal(s_tokenizer.Encode(word, new BpeDropout(0, new DeterministicRandom(1))), s_tokenizer.Encode(word));
    }

    [Fact]
    public void Encode_DropoutOfOne_LeavesBytes() =>
        Assert.Equal(" Mann".Length, s_tokenizer.Encode("Mann", new BpeDropout(1, new DeterministicRandom(1))).Length);

    [Fact]
    public void Encode_SameDropoutSeed_GivesTheSameIds()
    {
        int[] Cut(ulong seed) =>
            s_tokenizer.Encode("Ein kleines Mädchen spielt im Schnee", new BpeDropout(0.3, new DeterministicRandom(seed)));
        Assert.Equal(Cut(1), Cut(1));
        Assert.NotEqual(Cut(1), Cut(2));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void BpeDropout_OutsideZeroToOne_Throws(double probability) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BpeDropout(probability, new DeterministicRandom(1)));

    [Fact]
    public void Decode_IdOutsideTheVocabulary_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => s_tokenizer.Decode([s_tokenizer.VocabularySize]));

    [Fact]
    public void Decode_SpecialTokens_AreLeftOut() =>
        Assert.Equal(
            "Mann",
            s_tokenizer.Decode([BpeTokenizer.BosId, .. s_tokenizer.Encode("Mann"), BpeTokenizer.EosId, BpeTokenizer.PadId])
        );

    [Fact]
    public void Decode_HalfACharacter_ReadsAsReplacement()
    {
        var bytes = SampleText.Tokenizer(BpeTokenizer.MinimumVocabularySize).Encode("ü");
        Assert.Equal(3, bytes.Length);
        Assert.Equal("\uFFFD", s_tokenizer.Decode(bytes.AsSpan(0, 2)));
    }

    private static Gen<string> Runes() =>
        Gen.OneOf(
                Gen.Choose(0, 0x7F),
                Gen.Choose(0x80, 0x24F),
                Gen.Choose(0x300, 0x36F),
                Gen.Choose(0x2000, 0x206F),
                Gen.Choose(0x3000, 0x9FFF),
                Gen.Choose(0x1F300, 0x1FAFF),
                Gen.Choose(0x20000, 0x2A6DF),
                Gen.Constant((int)' ')
            )
            .Where(Rune.IsValid)
            .Select(value => new Rune(value).ToString())
            .ListOf()
            .Select(string.Concat);
}
