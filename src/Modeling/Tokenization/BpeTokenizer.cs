using System.Collections.Concurrent;
using System.Text;

namespace TrainingCluster.Modeling.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al., 2016; Radford et al., 2019). Every well-formed string encodes, and
/// <c>Decode(Encode(text)) == text</c>; no character is ever unknown. A space is put before the text, so that a word has
/// one spelling wherever it stands, and taken off again by <see cref="Decode"/>.
/// Thread-safe. <see cref="Encode"/> never makes special tokens: text that reads "&lt;eos&gt;" is only text.
/// </summary>
public sealed class BpeTokenizer
{
    /// <summary>Fills rows up to the longest of a batch.</summary>
    public const int PadId = 0;

    /// <summary>Begins the decoder's input.</summary>
    public const int BosId = 1;

    /// <summary>Ends every sentence.</summary>
    public const int EosId = 2;

    /// <summary>Never made here, since every byte is known; kept because tools expect it.</summary>
    public const int UnkId = 3;

    /// <summary>How many ids have a meaning of their own: the first of every vocabulary.</summary>
    public const int SpecialTokenCount = 4;

    /// <summary>The special tokens and the 256 bytes.</summary>
    public const int MinimumVocabularySize = SpecialTokenCount + 256;

    // Enough for the words of a language; a stream of ever new words must not fill the memory.
    private const int CachedWords = 100_000;

    private readonly IReadOnlyList<string> _tokens;
    private readonly IReadOnlyList<(int Left, int Right)> _merges;
    private readonly byte[][] _bytes;
    private readonly BpeMerges _rules = new();
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cacheBySpan;

    internal BpeTokenizer(IReadOnlyList<string> tokens, IReadOnlyList<(int Left, int Right)> merges)
    {
        (_tokens, _merges) = (tokens, merges);
        _bytes =
        [
            .. tokens.Select(
                (token, id) =>
                    id < SpecialTokenCount
                        ? []
                        : ByteAlphabet.ToBytes(token)
                            ?? throw new FormatException($"token {id} '{token}' holds characters outside the byte alphabet")
            ),
        ];
        var ids = tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id, StringComparer.Ordinal);
        foreach (var (left, right) in merges)
        {
            if (!ids.TryGetValue(tokens[left] + tokens[right], out var token))
            {
                throw new FormatException($"the merge of '{tokens[left]}' and '{tokens[right]}' makes a token that the vocabulary lacks");
            }
            _rules.Add(left, right, token);
        }
        _cacheBySpan = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The spellings of the special tokens, by id.</summary>
    public static IReadOnlyList<string> SpecialTokens { get; } = ["<pad>", "<bos>", "<eos>", "<unk>"];

    /// <summary>How many ids there are: 0 to this − 1.</summary>
    public int VocabularySize => _tokens.Count;

    /// <summary>The tokens by id, as the file spells them (bytes that do not print have stand-ins).</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    internal IReadOnlyList<(int Left, int Right)> Merges => _merges;

    /// <summary>The ids of <paramref name="text"/>, without special tokens. Half a surrogate pair becomes U+FFFD.</summary>
    /// <param name="text">One sentence.</param>
    /// <param name="dropout">Null: the one best cut, which is always the same.</param>
    public int[] Encode(string text, BpeDropout? dropout = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>(text.Length / 2);
        ReadOnlySpan<char> rest = WithSpace(text);
        while (rest.Length > 0)
        {
            var length = WordSplitter.NextWord(rest);
            ids.AddRange(EncodeWord(rest[..length], dropout));
            rest = rest[length..];
        }
        return [.. ids];
    }

    /// <summary>The text of <paramref name="ids"/>; special tokens are left out, and bytes that form no character read U+FFFD.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new List<byte>(ids.Length * 4);
        foreach (var id in ids)
        {
            bytes.AddRange(BytesOf(id));
        }
        return WithoutSpace(Encoding.UTF8.GetString([.. bytes]));
    }

    /// <summary>What one token reads, for people: "␣" is a space, and control characters are Unicode's pictures ("␊").</summary>
    public string Describe(int id) =>
        id < SpecialTokenCount
            ? _tokens[id]
            : string.Concat(
                Encoding
                    .UTF8.GetString(_bytes[id])
                    .Select(c =>
                        c == ' ' ? '␣'
                        : c < ' ' ? (char)('\u2400' + c)
                        : c
                    )
            );

    /// <summary>Writes the vocabulary in the form of Hugging Face's <c>tokenizer.json</c>.</summary>
    public void Save(string path) => TokenizerFile.Save(this, path);

    /// <summary>Reads a vocabulary that <see cref="Save"/> wrote.</summary>
    /// <exception cref="TokenizerException">The file is missing, damaged, or of a kind that this class does not express.</exception>
    public static BpeTokenizer Load(string path) => TokenizerFile.Load(path);

    /// <summary>The text with a space in front; nothing stays nothing.</summary>
    internal static string WithSpace(string text) => text.Length == 0 ? text : " " + text;

    /// <summary>The text without the space that <see cref="WithSpace"/> put in front.</summary>
    internal static string WithoutSpace(string text) => text.StartsWith(' ') ? text[1..] : text;

    /// <summary>What a token stands for; a special one for nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    internal ReadOnlySpan<byte> BytesOf(int id) =>
        (uint)id < (uint)_bytes.Length
            ? _bytes[id]
            : throw new ArgumentOutOfRangeException(nameof(id), id, $"The vocabulary has the ids 0 to {_bytes.Length - 1}.");

    /// <summary>The special tokens, then the bytes.</summary>
    internal static List<string> BaseTokens() =>
        [.. SpecialTokens, .. Enumerable.Range(0, 256).Select(b => ByteAlphabet.ToText([(byte)b]))];

    private ReadOnlySpan<int> EncodeWord(ReadOnlySpan<char> word, BpeDropout? dropout)
    {
        if (dropout is null && _cacheBySpan.TryGetValue(word, out var known))
        {
            return known;
        }
        var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        var ids = Array.ConvertAll(bytes, b => SpecialTokenCount + b);
        var result = ids[.._rules.Apply(ids, dropout)];
        if (dropout is null && word.Length <= 64 && _cache.Count < CachedWords)
        {
            _cache.TryAdd(word.ToString(), result);
        }
        return result;
    }
}
