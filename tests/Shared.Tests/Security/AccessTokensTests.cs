using System.Security.Cryptography;
using System.Text;
using TrainingCluster.Security;

namespace TrainingCluster.Tests.Security;

public sealed class AccessTokensTests
{
    private const string Path = "/etc/tokens";

    // printf token | sha256sum
    private const string HashOfToken = "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0";
    private const string HashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Fact]
    public void Parse_LinesOfTokens_AreFoundByTheirTokens()
    {
        var tokens = AccessTokens.Parse(
            $"""
            # Who may use the cluster.

            sha256:{HashOfToken} alice submitter research
              # not yet
            {AccessTokens.LineOf("second", new AccessGrant("ci-robot_2.x", AccessRole.Operator, "*"))}
            """,
            Path
        );

        Assert.Equal(new AccessGrant("alice", AccessRole.Submitter, "research"), tokens.Find("token"));
        Assert.Equal(new AccessGrant("ci-robot_2.x", AccessRole.Operator, "*"), tokens.Find("second"));
        Assert.Equal(["alice", "ci-robot_2.x"], tokens.Grants.Select(grant => grant.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("\uFEFF# only a comment\r\n")]
    public void Parse_NoTokens_LetsNobodyIn(string text)
    {
        var tokens = AccessTokens.Parse(text, Path);
        Assert.Empty(tokens.Grants);
        Assert.Null(tokens.Find("token"));
        Assert.Null(tokens.Find(""));
    }

    [Theory]
    [InlineData($"sha256:{HashOfToken}\talice   viewer\tdefault\r\n")]
    [InlineData($"\uFEFFsha256:{HashOfToken} alice viewer default")]
    [InlineData($"  sha256:{HashOfToken} alice viewer default  \n")]
    [InlineData("sha256:3C469E9D6C5875D37A43F353D4F88E61FCF812C66EEE3457465A40B0DA4153E0 alice viewer default\n")]
    public void Parse_SpacesAndCapitals_AreTaken(string text) =>
        Assert.Equal(new AccessGrant("alice", AccessRole.Viewer, "default"), AccessTokens.Parse(text, Path).Find("token"));

    [Theory]
    [InlineData("sha256", "1 words; write 'sha256:HASH NAME ROLE NAMESPACE'")]
    [InlineData($"sha256:{HashOfToken} alice viewer", "3 words")]
    [InlineData($"sha256:{HashOfToken} alice viewer default # a comment", "7 words")]
    [InlineData("tc_secret alice viewer default", "does not begin with 'sha256:'")]
    [InlineData($"SHA256:{HashOfToken} alice viewer default", "does not begin with 'sha256:'")]
    [InlineData("sha256:12ab alice viewer default", "no SHA-256")]
    [InlineData($"sha256:{HashOfToken}00 alice viewer default", "no SHA-256")]
    [InlineData("sha256:zz469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0 alice viewer default", "no SHA-256")]
    [InlineData($"sha256:{HashOfNothing} alice viewer default", "the hash of an empty token")]
    [InlineData($"sha256:{HashOfToken} Alice viewer default", "'Alice' is no name")]
    [InlineData($"sha256:{HashOfToken} ali/ce viewer default", "'ali/ce' is no name")]
    [InlineData($"sha256:{HashOfToken} älice viewer default", "'älice' is no name")]
    [InlineData(
        $"sha256:{HashOfToken} a23456789-123456789-123456789-123456789-123456789-123456789-1234 viewer default",
        "write 1 to 63 of"
    )]
    [InlineData($"sha256:{HashOfToken} alice reader default", "'reader' is no role; there are viewer, submitter, operator")]
    [InlineData($"sha256:{HashOfToken} alice Viewer default", "'Viewer' is no role")]
    [InlineData($"sha256:{HashOfToken} alice 2 default", "'2' is no role")]
    [InlineData($"sha256:{HashOfToken} alice viewer Default", "'Default' is no namespace")]
    [InlineData($"sha256:{HashOfToken} alice viewer -a", "'-a' is no namespace")]
    [InlineData($"sha256:{HashOfToken} alice viewer a-", "'a-' is no namespace")]
    [InlineData($"sha256:{HashOfToken} alice viewer a.b", "'a.b' is no namespace")]
    [InlineData($"sha256:{HashOfToken} alice viewer **", "'**' is no namespace")]
    [InlineData(
        $"sha256:{HashOfToken} alice viewer a23456789-123456789-123456789-123456789-123456789-123456789-1234",
        "is no namespace; write 1 to 63 of"
    )]
    public void Parse_BadLine_NamesFileAndLineAndWhatHelps(string line, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => AccessTokens.Parse($"# first\n\n{line}\n", Path));
        Assert.StartsWith("/etc/tokens, line 3: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        // What stands where a hash should be may be a token.
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_NameOrTokenTwice_NamesTheSecond()
    {
        var first = AccessTokens.LineOf("a", new AccessGrant("alice", AccessRole.Viewer, "default"));
        var sameName = AccessTokens.LineOf("b", new AccessGrant("alice", AccessRole.Operator, "*"));
        var sameToken = AccessTokens.LineOf("a", new AccessGrant("bob", AccessRole.Operator, "*"));

        var error = Assert.Throws<InvalidDataException>(() => AccessTokens.Parse($"{first}\n{sameName}", Path));
        Assert.StartsWith("/etc/tokens, line 2: 'alice' has a line already", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<InvalidDataException>(() => AccessTokens.Parse($"{first}\n{sameToken}", Path));
        Assert.StartsWith("/etc/tokens, line 2: the token has a line already", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_LongestNames_AreTaken()
    {
        var longest = new string('a', 63);
        var grant = new AccessGrant(longest, AccessRole.Viewer, longest);
        Assert.Equal(grant, AccessTokens.Parse(AccessTokens.LineOf("token", grant), Path).Find("token"));
    }

    [Fact]
    public void Find_AnyOther_IsNobody()
    {
        var token = AccessTokens.NewToken();
        var grants = Enumerable.Range(0, 100).Select(i => new AccessGrant($"n{i}", AccessRole.Viewer, "default")).ToList();
        var lines = grants.Select((grant, i) => AccessTokens.LineOf(i == 50 ? token : AccessTokens.NewToken(), grant));
        var tokens = AccessTokens.Parse(string.Join('\n', lines), Path);

        Assert.Equal(grants[50], tokens.Find(token));
        foreach (var other in (string[])["", " ", token[..^1], token + "=", " " + token, token.ToUpperInvariant(), "\uD800", HashOf(token)])
        {
            Assert.Null(tokens.Find(other));
        }
    }

    [Fact]
    public void NewToken_Always_IsRandomAndReadsAsOne()
    {
        var tokens = Enumerable.Range(0, 100).Select(_ => AccessTokens.NewToken()).ToHashSet();
        Assert.Equal(100, tokens.Count);
        Assert.All(tokens, token => Assert.Matches("^tc_[A-Za-z0-9_-]{43}$", token));
    }

    [Fact]
    public void LineOf_KnownToken_IsItsHash() =>
        Assert.Equal(
            $"sha256:{HashOfToken} alice submitter research",
            AccessTokens.LineOf("token", new AccessGrant("alice", AccessRole.Submitter, "research"))
        );

    [Theory]
    [InlineData("", "alice", "default")]
    [InlineData("token", "alice bob", "default")]
    [InlineData("token", "alice\n", "default")]
    [InlineData("token", "alice", "default operator")]
    [InlineData("token", "", "default")]
    [InlineData("token", "alice", "")]
    public void LineOf_WhatCannotStandInALine_Throws(string token, string name, string place) =>
        Assert.Throws<ArgumentException>(() => AccessTokens.LineOf(token, new AccessGrant(name, AccessRole.Viewer, place)));

    [Fact]
    public void NameOf_Lines_IsTheSecondWordOfATokens()
    {
        Assert.Equal("alice", AccessTokens.NameOf($"sha256:{HashOfToken} alice viewer default"));
        Assert.Null(AccessTokens.NameOf("# alice viewer default"));
        Assert.Null(AccessTokens.NameOf("  "));
    }

    [Fact]
    public void Roles_Ordered_LetEachMoreThanTheOneBefore()
    {
        Assert.True(AccessRole.Viewer < AccessRole.Submitter && AccessRole.Submitter < AccessRole.Operator);
        Assert.All(Enum.GetValues<AccessRole>(), role => Assert.Equal(role, AccessTokens.RoleOf(AccessTokens.WordOf(role))));
        Assert.Null(AccessTokens.RoleOf("admin"));
    }

    [Theory]
    [InlineData("*", "research", true)]
    [InlineData("research", "research", true)]
    [InlineData("research", "default", false)]
    [InlineData("research", "*", false)]
    [InlineData("research", "", false)]
    public void Covers_Namespaces_OneOrAll(string granted, string asked, bool expected) =>
        Assert.Equal(expected, new AccessGrant("alice", AccessRole.Viewer, granted).Covers(asked));

    private static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
