using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Tokenization;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>A sentence, its translation and where the model looked while writing it.</summary>
/// <param name="Source">As given.</param>
/// <param name="Translation">As found.</param>
/// <param name="Maps">Encoder's, decoder's and cross attention, by layer and head.</param>
public sealed record AttentionRecording(string Source, string Translation, IReadOnlyList<AttentionMap> Maps);

/// <summary>Records a model's attention.</summary>
public static class AttentionRecorder
{
    /// <summary>Translates a sentence, then reads the weights of all layers and heads from one pass over source and translation.</summary>
    /// <param name="translator">Model and vocabulary.</param>
    /// <param name="sentence">Not empty.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">There is nothing but white space in the sentence.</exception>
    public static AttentionRecording Record(Translator translator, string sentence, SearchOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(translator);
        if (string.IsNullOrWhiteSpace(sentence))
        {
            throw new ArgumentException("There is no sentence to look at: give one with words in it.", nameof(sentence));
        }
        options ??= new SearchOptions();
        var source = translator.Encode(sentence);
        if (source.Length > options.MaxSourceTokens)
        {
            source = source[..options.MaxSourceTokens];
        }
        var tokens = SequenceSearch.Search(translator.Model, [source], options)[0].Tokens;
        int[] input = [SequenceSearch.BosId, .. tokens];
        var (sourceNames, targetNames) = (Names(translator, source), Names(translator, input));

        var maps = new List<AttentionMap>();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var model = translator.Model;
        model.eval();
        var detach = model switch
        {
            Transformer transformer => Attach(transformer, sourceNames, targetNames, maps),
            RecurrentAttention recurrent => Attach(recurrent, sourceNames, targetNames, maps),
            _ => throw new NotSupportedException($"A {model.GetName()} does not tell its attention."),
        };
        try
        {
            var device = SequenceSearch.DeviceOf(model);
            model.Logits(Row(source, device), tensor(new long[] { source.Length }, device: device), Row(input, device));
        }
        finally
        {
            detach();
        }
        return new AttentionRecording(
            sentence,
            translator.Tokenizer.Decode([.. tokens]),
            [.. maps.OrderBy(map => map.Kind).ThenBy(map => map.Layer).ThenBy(map => map.Head)]
        );
    }

    private static Action Attach(Transformer model, IReadOnlyList<string> source, IReadOnlyList<string> target, List<AttentionMap> maps)
    {
        var attentions =
            new List<(
                MultiHeadAttention Attention,
                AttentionKind Kind,
                int Layer,
                IReadOnlyList<string> Queries,
                IReadOnlyList<string> Keys
            )>();
        foreach (var (block, layer) in model.Encoder.Blocks.Select((block, i) => (block, i + 1)))
        {
            attentions.Add((block.SelfAttention, AttentionKind.EncoderSelf, layer, source, source));
        }
        foreach (var (block, layer) in model.Decoder.Blocks.Select((block, i) => (block, i + 1)))
        {
            attentions.Add((block.SelfAttention, AttentionKind.DecoderSelf, layer, target, target));
            attentions.Add((block.CrossAttention, AttentionKind.Cross, layer, target, source));
        }
        foreach (var one in attentions)
        {
            one.Attention.Recorder = weights_BHTS =>
            {
                var heads = weights_BHTS[0].unbind(0);
                for (var head = 0; head < heads.Length; head++)
                {
                    maps.Add(
                        new AttentionMap(
                            one.Kind,
                            one.Layer,
                            head + 1,
                            one.Queries,
                            one.Keys,
                            heads[head].cpu().contiguous().data<float>().ToArray()
                        )
                    );
                }
            };
        }
        return () => attentions.ForEach(one => one.Attention.Recorder = null);
    }

    private static Action Attach(
        RecurrentAttention model,
        IReadOnlyList<string> source,
        IReadOnlyList<string> target,
        List<AttentionMap> maps
    )
    {
        var weights = new List<float>();
        model.Decoder.Recorder = weights_1QS => weights.AddRange(weights_1QS.cpu().contiguous().data<float>().ToArray());
        return () =>
        {
            model.Decoder.Recorder = null;
            maps.Add(new AttentionMap(AttentionKind.Cross, 1, 1, target, source, weights));
        };
    }

    private static Tensor Row(int[] tokens, Device device) =>
        tensor(tokens.Select(token => (long)token).ToArray(), new long[] { 1, tokens.Length }, device: device);

    private static string[] Names(Translator translator, int[] tokens) =>
        [
            .. tokens.Select(token =>
            {
                var name = translator.Tokenizer.Describe(token);
                // A piece of a character's bytes reads as those bytes.
                return name.Contains('\uFFFD', StringComparison.Ordinal)
                    ? Convert.ToHexString(ByteAlphabet.ToBytes(translator.Tokenizer.Tokens[token]) ?? [])
                    : name;
            }),
        ];
}
