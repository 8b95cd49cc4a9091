using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Tests.Tokenization;

public class NfkcTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("plain ASCII, 123", "plain ASCII, 123")]
    [InlineData("２０２１年３月，Ｈｅｌｌｏ！", "2021年3月,Hello!")]
    [InlineData("ﬁne ① ½ ™ ㎏", "fine 1 1⁄2 TM kg")]
    [InlineData("e\u0301 Å ö", "é Å ö")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("ｱｶﾞ", "アガ")]
    [InlineData("\u1112\u1161\u11AB\u1100\u1173\u11AF", "한글")]
    [InlineData("non\u00A0breaking\u2003space", "non breaking space")]
    [InlineData("\U0001D400\U0002F81A", "A冬")]
    public void Normalize_KnownText_GivesItsNormalForm(string text, string expected) => Assert.Equal(expected, Nfkc.Normalize(text));

    [Fact]
    public void Normalize_HalfASurrogatePair_BecomesTheReplacementCharacter() => Assert.Equal("a\uFFFD", Nfkc.Normalize("a\uD800"));

    // Digests that make_nfkc.py prints: every code point, by Python's implementation.
    [Theory]
    [InlineData("{0}", "d80bd137d5ace6ca75c6938c548f80a7edb67227ebb283b35732d2e03e3d19cb")]
    [InlineData("{0}\u0323\u0301", "3f6eec5a5fe1a85b8774ff73714bb9edf2b8c4d988de0e64a6db838632cc5aeb")]
    [InlineData("\u1100{0}\u11A8\u0301{0}", "6bff73176c5dde4d67086587ae9aaf51193a3f1f4c08a5d58e33a19cb33ec9fc")]
    public void Normalize_EveryCharacter_EqualsAnotherImplementation(string pattern, string sha256)
    {
        var normalized = EveryCharacter()
            .Select(character => Nfkc.Normalize(string.Format(CultureInfo.InvariantCulture, pattern, character)));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', normalized)))));
    }

    [Fact]
    public void Normalize_Twice_ChangesNothingMore() =>
        Prop.ForAll<NonNull<string>>(text => Nfkc.Normalize(Nfkc.Normalize(text.Get)) == Nfkc.Normalize(text.Get))
            .QuickCheckThrowOnFailure();

    private static IEnumerable<string> EveryCharacter() =>
        Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(value => new Rune(value).ToString());
}
