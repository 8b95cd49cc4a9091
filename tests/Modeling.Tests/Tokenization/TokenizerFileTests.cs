using TrainingCluster.Modeling.Tests.Data;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Tests.Tokenization;

public sealed class TokenizerFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_OfSave_EncodesTheSame()
    {
        var saved = SampleText.Tokenizer();
        saved.Save(_folder.File("tokenizer.json"));
        var loaded = BpeTokenizer.Load(_folder.File("tokenizer.json"));
        Assert.Equal(saved.Tokens, loaded.Tokens);
        foreach (var (de, en) in SampleText.Pairs)
        {
            Assert.Equal(saved.Encode(de), loaded.Encode(de));
            Assert.Equal(saved.Encode(en), loaded.Encode(en));
        }
    }

    [Fact]
    public void Save_Twice_WritesTheSameBytes()
    {
        SampleText.Tokenizer().Save(_folder.File("a"));
        SampleText.Tokenizer().Save(_folder.File("b"));
        Assert.Equal(File.ReadAllBytes(_folder.File("a")), File.ReadAllBytes(_folder.File("b")));
    }

    [Fact]
    public void Load_MissingFile_NamesIt()
    {
        var exception = Assert.Throws<TokenizerException>(() => BpeTokenizer.Load(_folder.File("none.json")));
        Assert.Contains("none.json", exception.Message);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":7},\"merges\":[]}}")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}")]
    public void Load_AnotherFile_SaysSo(string text)
    {
        var exception = Assert.Throws<TokenizerException>(() => BpeTokenizer.Load(_folder.Write("t.json", text)));
        Assert.Contains("t.json: this is no usable tokenizer", exception.Message);
    }

    [Theory]
    [InlineData("\"normalizers\": [", "\"normalizers\": [{ \"type\": \"NFKC\" },", "its normalizer is 'NFKC'")]
    [InlineData("\"normalizer\": {", "\"normalizer\": null, \"former\": {", "its normalizer is 'none'")]
    [InlineData("\"normalizer\": {", "\"normalizer\": { \"type\": \"NFC\" }, \"former\": {", "its normalizer is 'NFC'")]
    public void Load_NormalizerThatIsNotKnownHere_NamesIt(string old, string changed, string expected)
    {
        SampleText.Tokenizer().Save(_folder.File("t.json"));
        var text = File.ReadAllText(_folder.File("t.json"));
        Assert.Contains(old, text);
        _folder.Write("t.json", text.Replace(old, changed, StringComparison.Ordinal));
        var exception = Assert.Throws<TokenizerException>(() => BpeTokenizer.Load(_folder.File("t.json")));
        Assert.Contains("t.json", exception.Message);
        Assert.Contains(expected, exception.Message);
    }

    [Theory]
    [InlineData("\"Isolated\"", "\"Removed\"")]
    [InlineData("Ġ a\"", "Ġ ?\"")]
    [InlineData("\"use_regex\": false", "\"use_regex\": true")]
    public void Load_ChangedSettings_Refuses(string old, string changed)
    {
        SampleText.Tokenizer().Save(_folder.File("t.json"));
        var text = File.ReadAllText(_folder.File("t.json"));
        Assert.Contains(old, text);
        _folder.Write("t.json", text.Replace(old, changed, StringComparison.Ordinal));
        Assert.Throws<TokenizerException>(() => BpeTokenizer.Load(_folder.File("t.json")));
    }
}
