using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Modeling.Tokenization;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>Records a model's attention.</summary>
public static class AttentionRecorder
{
    private const int Likeliest = 5;

    /// <summary>
    /// 1. translates the sentence; 2. reads the weights of all layers and heads, and the likeliest tokens of each step, from one pass
    /// over source and translation. The model is put into evaluation mode for the while.
    /// </summary>
    /// <param name="translator">Model and vocabulary.</param>
    /// <param name="sentence">Not empty. What exceeds <see cref="SearchOptions.MaxSourceTokens"/> is left out, as in a translation.</param>
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
        // 1.
        var source = SequenceSearch.Cut(translator.Encode(sentence), options);
        var found = SequenceSearch.Search(translator.Model, [source], options)[0];
        // 2.
        return Record(translator, sentence, source, found);
    }

    /// <summary>The same for a translation that was found before.</summary>
    /// <param name="translator">Model and vocabulary.</param>
    /// <param name="sentence">As given.</param>
    /// <param name="source">Its tokens, as they were searched with.</param>
    /// <param name="found">Its translation.</param>
    public static AttentionRecording Record(Translator translator, string sentence, int[] source, Hypothesis found)
    {
        ArgumentNullException.ThrowIfNull(translator);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(found);
        int[] written = found.Ended ? [.. found.Tokens, SequenceSearch.EosId] : [.. found.Tokens];
        int[] read = [SequenceSearch.BosId, .. written[..^1]];
        var maps = new List<AttentionMap>();
        var names = new StepNames(Names(translator, source), Names(translator, read), Names(translator, written));
        var likeliest = RecordPass(translator, source, read, names, maps);
        return new AttentionRecording(
            sentence,
            translator.Tokenizer.Decode([.. found.Tokens]),
            names.Source,
            [.. likeliest.Select((tokens, step) => new DecodingStep(names.Read[step], names.Written[step], tokens))],
            [.. maps.OrderBy(map => map.Kind).ThenBy(map => map.Layer).ThenBy(map => map.Head)]
        );
    }

    /// <summary>Fills <paramref name="maps"/>, and returns the likeliest tokens of each step.</summary>
    private static List<TokenProbability[]> RecordPass(
        Translator translator,
        int[] source,
        int[] read,
        StepNames names,
        List<AttentionMap> maps
    )
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var model = translator.Model;
        using var search = model.BeginSearch();
        var detach = model switch
        {
            Transformer transformer => Attach(transformer, names, maps),
            RecurrentAttention recurrent => Attach(recurrent, names, maps),
            _ => throw new NotSupportedException($"A {model.GetName()} does not tell its attention."),
        };
        try
        {
            var device = SequenceSearch.DeviceOf(model);
            var logits_1TV = model.Logits(Row(source, device), tensor(new long[] { source.Length }, device: device), Row(read, device));
            // No answer may hold padding or a beginning, so the search never saw their scores.
            logits_1TV.narrow(2, 0, 2).fill_(Number.Of(double.NegativeInfinity));
            var (best_TC, token_TC) = logits_1TV[0].softmax(1).topk(Math.Min(Likeliest, model.VocabularySize), 1);
            var (best, token) = (best_TC.cpu().data<float>().ToArray(), token_TC.cpu().data<long>().ToArray());
            var tokenNames = Names(translator, [.. token.Select(id => (int)id)]);
            return [.. tokenNames.Zip(best, (name, share) => new TokenProbability(name, share)).Chunk(best.Length / read.Length)];
        }
        finally
        {
            detach();
        }
    }

    private static Action Attach(Transformer model, StepNames names, List<AttentionMap> maps)
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
            attentions.Add((block.SelfAttention, AttentionKind.EncoderSelf, layer, names.Source, names.Source));
        }
        foreach (var (block, layer) in model.Decoder.Blocks.Select((block, i) => (block, i + 1)))
        {
            attentions.Add((block.SelfAttention, AttentionKind.DecoderSelf, layer, names.ReadAndWritten, names.Read));
            attentions.Add((block.CrossAttention, AttentionKind.Cross, layer, names.Written, names.Source));
        }
        foreach (var one in attentions)
        {
            one.Attention.Recorder = weights_BHTS =>
            {
                using var owned = weights_BHTS;
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

    private static Action Attach(RecurrentAttention model, StepNames names, List<AttentionMap> maps)
    {
        var weights = new List<float>();
        model.Decoder.Recorder = weights_1QS =>
        {
            using var owned = weights_1QS;
            weights.AddRange(weights_1QS.cpu().contiguous().data<float>().ToArray());
        };
        return () =>
        {
            model.Decoder.Recorder = null;
            maps.Add(new AttentionMap(AttentionKind.Cross, 1, 1, names.Written, names.Source, weights));
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

    private sealed record StepNames(IReadOnlyList<string> Source, IReadOnlyList<string> Read, IReadOnlyList<string> Written)
    {
        public IReadOnlyList<string> ReadAndWritten { get; } = [.. Read.Zip(Written, (read, written) => $"{read} → {written}")];
    }
}
