using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TrainingCluster.Modeling.Tokenization;

/// <summary>
/// Hugging Face's <c>tokenizer.json</c>: a normalizer that puts a space in front, a split by <see cref="WordSplitter.Pattern"/>,
/// byte-level BPE, and a decoder that takes the space off again.
/// </summary>
internal static class TokenizerFile
{
    private const string Prepend = "Prepend";

    private static readonly JsonWriterOptions s_writerOptions = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static void Save(BpeTokenizer tokenizer, string path)
    {
        using var stream = File.Create(path);
        using (var writer = new Utf8JsonWriter(stream, s_writerOptions))
        {
            ToJson(tokenizer).WriteTo(writer);
        }
        stream.WriteByte((byte)'\n');
    }

    public static BpeTokenizer Load(string path)
    {
        try
        {
            var root = JsonNode.Parse(File.ReadAllBytes(path)) ?? throw new FormatException("it is empty");
            var model = Member(root, "model");
            var vocabulary = Member(model, "vocab").AsObject();
            var tokens = new string[vocabulary.Count];
            foreach (var (token, id) in vocabulary)
            {
                tokens[id!.GetValue<int>()] = token;
            }
            if (
                tokens.Length < BpeTokenizer.MinimumVocabularySize
                || !tokens.Take(BpeTokenizer.MinimumVocabularySize).SequenceEqual(BpeTokenizer.BaseTokens())
            )
            {
                throw new FormatException("its vocabulary does not begin with the special tokens and the 256 bytes");
            }
            var ids = vocabulary.ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<int>(), StringComparer.Ordinal);
            var merges = Member(model, "merges").AsArray().Select(merge => Merge(merge, ids)).ToList();
            RefuseOtherNormalizers(root["normalizer"]);
            var tokenizer = new BpeTokenizer(tokens, merges);
            // Anything else in the file (another pattern, another model) would encode differently: refuse rather than guess.
            if (!JsonNode.DeepEquals(root, ToJson(tokenizer)))
            {
                throw new FormatException("its settings are not those of a tokenizer written by this program");
            }
            return tokenizer;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerException($"{path}: the tokenizer cannot be read: {exception.Message}", exception);
        }
        catch (Exception exception)
            when (exception
                    is JsonException
                        or FormatException
                        or InvalidOperationException
                        or IndexOutOfRangeException
                        or ArgumentException
                        or NullReferenceException
            )
        {
            throw new TokenizerException(
                $"{path}: this is no usable tokenizer: {exception.Message}. Prepare the dataset again.",
                exception
            );
        }
    }

    private static JsonNode Member(JsonNode node, string name) => node[name] ?? throw new FormatException($"it has no '{name}'");

    private static void RefuseOtherNormalizers(JsonNode? normalizer)
    {
        IEnumerable<JsonNode?> parts = normalizer?["normalizers"] is JsonArray sequence ? sequence : new[] { normalizer };
        var others = parts.Select(part => (string?)part?["type"] ?? "none").Where(type => type != Prepend).ToList();
        if (others.Count > 0)
        {
            throw new FormatException(
                $"its normalizer is '{string.Join("', '", others)}', but this program knows only '{Prepend}', a space in front of the text"
            );
        }
    }

    private static (int, int) Merge(JsonNode? merge, Dictionary<string, int> ids)
    {
        var parts = merge!.GetValue<string>().Split(' ');
        return parts is [var left, var right] && ids.TryGetValue(left, out var leftId) && ids.TryGetValue(right, out var rightId)
            ? (leftId, rightId)
            : throw new FormatException($"the merge '{merge}' does not name two tokens");
    }

    private static JsonObject ToJson(BpeTokenizer tokenizer)
    {
        var tokens = tokenizer.Tokens;
        JsonArray normalizers = [new JsonObject { ["type"] = Prepend, ["prepend"] = " " }];
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([
                .. BpeTokenizer.SpecialTokens.Select(
                    (text, id) =>
                        (JsonNode)
                            new JsonObject
                            {
                                ["id"] = id,
                                ["content"] = text,
                                ["single_word"] = false,
                                ["lstrip"] = false,
                                ["rstrip"] = false,
                                ["normalized"] = false,
                                ["special"] = true,
                            }
                ),
            ]),
            ["normalizer"] = new JsonObject { ["type"] = "Sequence", ["normalizers"] = normalizers },
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "Split",
                        ["pattern"] = new JsonObject { ["Regex"] = WordSplitter.Pattern },
                        ["behavior"] = "Isolated",
                        ["invert"] = false,
                    },
                    ByteLevel()
                ),
            },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["decoders"] = new JsonArray(
                    ByteLevel(),
                    new JsonObject
                    {
                        ["type"] = "Strip",
                        ["content"] = " ",
                        ["start"] = 1,
                        ["stop"] = 0,
                    }
                ),
            },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = new JsonObject([.. tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))]),
                // The byte alphabet has no space, so "left right" is unambiguous; every version of the libraries reads this form.
                ["merges"] = new JsonArray([.. tokenizer.Merges.Select(merge => (JsonNode)$"{tokens[merge.Left]} {tokens[merge.Right]}")]),
            },
        };
    }

    private static JsonObject ByteLevel() =>
        new()
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = false,
            ["use_regex"] = false,
        };
}
