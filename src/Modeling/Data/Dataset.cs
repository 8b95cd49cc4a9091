using System.Security.Cryptography;
using System.Text;
using TrainingCluster.Modeling.Tokenization;

namespace TrainingCluster.Modeling.Data;

/// <summary>
/// An opened dataset folder. Tokens are mapped into memory, not loaded. Reading is thread-safe until it is disposed of.
/// Sentences are stored without special tokens: <see cref="BatchBuilder"/> adds them.
/// </summary>
public sealed class Dataset : IDisposable
{
    internal const string TokenizerFile = "tokenizer.json";
    internal const string TrainSourceFile = "train.source.tokens";
    internal const string TrainTargetFile = "train.target.tokens";
    internal const string ValidationSourceFile = "valid.source.tokens";
    internal const string ValidationTargetFile = "valid.target.tokens";
    internal const string ValidationSourceTextFile = "valid.source.txt";
    internal const string ValidationTargetTextFile = "valid.target.txt";

    private readonly TokenShard _trainSource;
    private readonly TokenShard _trainTarget;

    private Dataset(string folder, DatasetManifest manifest, bool verify)
    {
        Folder = folder;
        Manifest = manifest;
        try
        {
            Tokenizer = BpeTokenizer.Load(Path.Combine(folder, TokenizerFile));
        }
        catch (TokenizerException exception)
        {
            throw new DatasetException(exception.Message, exception);
        }
        var vocabulary = Tokenizer.VocabularySize;
        if (vocabulary != manifest.VocabularySize)
        {
            throw Damaged(folder, $"its manifest speaks of {manifest.VocabularySize} tokens, its tokenizer has {vocabulary}");
        }
        // What was verified when it came holds no other tokens now.
        int? known = verify ? vocabulary : null;
        Validation = ReadValidation(folder, known);
        TokenShard? source = null,
            target = null;
        try
        {
            source = new TokenShard(Path.Combine(folder, TrainSourceFile), known);
            target = new TokenShard(Path.Combine(folder, TrainTargetFile), known);
            if (source.Count != target.Count || source.Count == 0)
            {
                throw Damaged(folder, $"its training files hold {source.Count} and {target.Count} sentences");
            }
            (_trainSource, _trainTarget) = (source, target);
        }
        catch
        {
            source?.Dispose();
            target?.Dispose();
            throw;
        }
    }

    /// <summary>The files that the manifest lists: with <see cref="DatasetManifest.FileName"/>, all that a copy needs.</summary>
    public static IReadOnlyList<string> FileNames { get; } =
    [
        TokenizerFile,
        TrainSourceFile,
        TrainTargetFile,
        ValidationSourceFile,
        ValidationSourceTextFile,
        ValidationTargetFile,
        ValidationTargetTextFile,
    ];

    /// <summary>Where it stands.</summary>
    public string Folder { get; }

    /// <summary>Its counts and checksums.</summary>
    public DatasetManifest Manifest { get; }

    /// <summary>SHA-256 over the content: names the dataset wherever it is copied to.</summary>
    public string Fingerprint => Manifest.Fingerprint;

    /// <summary>The joint vocabulary.</summary>
    public BpeTokenizer Tokenizer { get; }

    /// <summary>Number of training pairs.</summary>
    public int TrainCount => _trainSource.Count;

    /// <summary>The validation pairs, as text and as tokens.</summary>
    public IReadOnlyList<ValidationPair> Validation { get; }

    /// <summary>Opens a dataset folder.</summary>
    /// <param name="folder">The folder that <see cref="DatasetBuilder"/> made, or a copy.</param>
    /// <param name="verify">Whether every file is read once and held against its checksum, and every token against the vocabulary.</param>
    /// <exception cref="DatasetException">A file is missing or damaged (it is named), or the format's version is another.</exception>
    public static Dataset Open(string folder, bool verify = true)
    {
        if (!Directory.Exists(folder))
        {
            throw new DatasetException($"{folder} does not exist: a dataset folder was expected.");
        }
        var manifest = DatasetManifest.Load(folder);
        foreach (var name in FileNames)
        {
            var path = Path.Combine(folder, name);
            if (!manifest.Files.TryGetValue(name, out var expected) || !File.Exists(path))
            {
                throw new DatasetException($"{path} is missing. Prepare or fetch the dataset again.");
            }
            if (verify)
            {
                Verify(path, expected);
            }
        }
        return new Dataset(folder, manifest, verify);
    }

    /// <summary>Holds one file against its checksum.</summary>
    /// <exception cref="DatasetException">It is damaged.</exception>
    public static void Verify(string path, DatasetFile expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        using var stream = File.OpenRead(path);
        if (stream.Length != expected.Bytes)
        {
            throw new DatasetException(
                $"{path} is damaged: it has {stream.Length} bytes where {expected.Bytes} were written. Prepare or fetch the dataset again."
            );
        }
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(stream));
        if (sha256 != expected.Sha256)
        {
            throw new DatasetException(
                $"{path} is damaged: its SHA-256 is {sha256} where {expected.Sha256} was written. Prepare or fetch the dataset again."
            );
        }
    }

    /// <summary>Tokens of source sentence <paramref name="index"/>, without special tokens.</summary>
    public int[] Source(int index) => _trainSource.Get(index);

    /// <summary>Tokens of target sentence <paramref name="index"/>, without special tokens.</summary>
    public int[] Target(int index) => _trainTarget.Get(index);

    /// <summary>Number of tokens of source sentence <paramref name="index"/>, without special tokens.</summary>
    public int SourceLength(int index) => _trainSource.Length(index);

    /// <summary>Number of tokens of target sentence <paramref name="index"/>, without special tokens.</summary>
    public int TargetLength(int index) => _trainTarget.Length(index);

    /// <inheritdoc/>
    public void Dispose()
    {
        _trainSource.Dispose();
        _trainTarget.Dispose();
    }

    private static DatasetException Damaged(string folder, string why) =>
        new($"{folder} is damaged: {why}. Prepare or fetch the dataset again.");

    private static ValidationPair[] ReadValidation(string folder, int? vocabularySize)
    {
        using var sources = new TokenShard(Path.Combine(folder, ValidationSourceFile), vocabularySize);
        using var targets = new TokenShard(Path.Combine(folder, ValidationTargetFile), vocabularySize);
        var (sourceText, targetText) = (Lines(ValidationSourceTextFile), Lines(ValidationTargetTextFile));
        if (sources.Count != targets.Count || sourceText.Length != sources.Count || targetText.Length != targets.Count)
        {
            throw Damaged(folder, "its validation files hold different numbers of sentences");
        }
        return [.. sourceText.Select((text, i) => new ValidationPair(text, targetText[i], sources.Get(i), targets.Get(i)))];

        string[] Lines(string name)
        {
            var text = File.ReadAllText(Path.Combine(folder, name), Encoding.UTF8);
            return text.Length == 0 ? [] : text[..^1].Split('\n');
        }
    }
}
