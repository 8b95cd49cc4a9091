using System.Text;

namespace TrainingCluster.Modeling.Data;

/// <summary>Writes the validation pairs as text, which scores are computed on, and as tokens.</summary>
internal sealed class ValidationWriter(string folder, int vocabularySize) : IDisposable
{
    private readonly StreamWriter _sourceText = Text(folder, Dataset.ValidationSourceTextFile);
    private readonly StreamWriter _targetText = Text(folder, Dataset.ValidationTargetTextFile);
    private readonly TokenShardWriter _sources = new(Path.Combine(folder, Dataset.ValidationSourceFile), vocabularySize);
    private readonly TokenShardWriter _targets = new(Path.Combine(folder, Dataset.ValidationTargetFile), vocabularySize);
    private TextCounts _counts = new();

    public void Add(SentencePair pair, PairEncoder encoder)
    {
        _counts = _counts with { Lines = _counts.Lines + 1 };
        if (pair.Source.Length == 0 || pair.Target.Length == 0)
        {
            _counts = _counts with { SkippedEmpty = _counts.SkippedEmpty + 1 };
            return;
        }
        if (!encoder.TryEncode(pair, out var source, out var target))
        {
            _counts = _counts with { SkippedTooLong = _counts.SkippedTooLong + 1 };
            return;
        }
        _sourceText.Write(pair.Source + "\n");
        _targetText.Write(pair.Target + "\n");
        _sources.Add(source);
        _targets.Add(target);
        _counts = _counts with { Kept = _counts.Kept + 1, SourceTokens = _sources.Tokens, TargetTokens = _targets.Tokens };
    }

    public TextCounts Finish()
    {
        _sources.Finish();
        _targets.Finish();
        _sourceText.Flush();
        _targetText.Flush();
        return _counts;
    }

    public void Dispose()
    {
        _sourceText.Dispose();
        _targetText.Dispose();
        _sources.Dispose();
        _targets.Dispose();
    }

    private static StreamWriter Text(string folder, string name) =>
        new(
            new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write),
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)
        );
}
