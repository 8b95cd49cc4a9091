namespace TrainingCluster.Modeling.Data;

/// <summary>
/// Parallel text on disk: two files with a sentence a line, or one file with source, tab and target on each line.
/// UTF-8, plain or gzip (told by content, not by name); a byte-order mark and CRLF are taken off.
/// </summary>
/// <param name="SourcePath">The source sentences, or both sides where <paramref name="TargetPath"/> is null.</param>
/// <param name="TargetPath">The target sentences. Null: <paramref name="SourcePath"/> is tab-separated.</param>
public sealed record ParallelText(string SourcePath, string? TargetPath)
{
    /// <summary>What errors call the source. Default: its path.</summary>
    public string SourceName { get; init; } = SourcePath;

    /// <summary>The same of the target.</summary>
    public string? TargetName { get; init; } = TargetPath;

    /// <summary>All pairs in order, empty sides included. Memory does not grow with the files.</summary>
    /// <exception cref="DatasetException">A file is missing, empty, unreadable, not text, not UTF-8, or the lines do not pair
    /// up.</exception>
    public IEnumerable<SentencePair> Read() => TargetPath is null ? ReadTabSeparated() : ReadTwoFiles(TargetPath);

    private IEnumerable<SentencePair> ReadTwoFiles(string targetPath)
    {
        using var sources = new TextLines(SourcePath, SourceName).GetEnumerator();
        using var targets = new TextLines(targetPath, TargetName).GetEnumerator();
        for (var line = 1; ; line++)
        {
            var (hasSource, hasTarget) = (sources.MoveNext(), targets.MoveNext());
            if (hasSource != hasTarget)
            {
                // Both counts help to find the place: read the longer one to its end.
                var longer = line;
                while ((hasSource ? sources : targets).MoveNext())
                {
                    longer++;
                }
                var (sourceLines, targetLines) = hasSource ? (longer, line - 1) : (line - 1, longer);
                throw new DatasetException(
                    $"{SourceName} has {sourceLines} lines but {TargetName} has {targetLines}: line n of one must be the translation "
                        + "of line n of the other."
                );
            }
            if (!hasSource)
            {
                yield break;
            }
            yield return new SentencePair(line, sources.Current.Trim(), targets.Current.Trim());
        }
    }

    private IEnumerable<SentencePair> ReadTabSeparated()
    {
        var number = 0;
        foreach (var line in new TextLines(SourcePath, SourceName))
        {
            number++;
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab < 0 && string.IsNullOrWhiteSpace(line))
            {
                yield return new SentencePair(number, "", "");
                continue;
            }
            if (tab < 0 || line.IndexOf('\t', tab + 1) >= 0)
            {
                throw new DatasetException(
                    $"{SourceName}, line {number}: {line.Count(c => c == '\t') + 1} columns where 2 were expected: write each line as "
                        + "source, one tab, target, or name a target file too."
                );
            }
            yield return new SentencePair(number, line[..tab].Trim(), line[(tab + 1)..].Trim());
        }
    }
}
