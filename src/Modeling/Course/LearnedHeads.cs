using TrainingCluster.Modeling.Attention;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Course;

/// <summary>What the heads of a small Transformer learn on <see cref="ReversalTask"/>.</summary>
public static class LearnedHeads
{
    private const int Sequences = 100;

    /// <summary>
    /// Where a head may look: a name, and the key for query t among n letters. The mirror is the source letter that the
    /// decoder is about to write at step t.
    /// </summary>
    public static IReadOnlyList<(string Name, Func<int, int, int> KeyOf)> Places { get; } =
    [
        ("before", (t, _) => t - 1),
        ("itself", (t, _) => t),
        ("after", (t, _) => t + 1),
        ("mirror", (t, n) => n - 1 - t),
        ("end", (_, n) => n),
    ];

    /// <summary>Trains the model.</summary>
    /// <param name="task">What it learns.</param>
    /// <returns>The caller's, in evaluation mode.</returns>
    public static Transformer Train(ReversalTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        var options = new TransformerOptions
        {
            Width = 32,
            Heads = 2,
            Layers = 2,
            FeedForward = 64,
            Dropout = 0,
        };
        var model = (Transformer)ModelFactory.Create(options, task.VocabularySize, seed: 1);
        ToyTrainer.Train(model, task);
        model.eval();
        return model;
    }

    /// <summary>Looks at every head, under teacher forcing.</summary>
    public static IReadOnlyList<LearnedHead> Examine(Transformer model, ReversalTask task)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(task);
        var letters = string.Concat(Enumerable.Range(0, task.Length).Select(i => (char)('a' + (i % task.Letters))));
        var maps = Record(model, task.ToBatch(letters)).ToList();
        var habits = Record(model, task.Draw(Sequences, new DeterministicRandom(seed: 2)));
        return [.. maps.Zip(habits, (one, many) => new LearnedHead(Name(one, letters), Shares(many, task.Length)))];
    }

    // Every head of every attention: its weights, sequence after sequence.
    private static List<Recorded> Record(Transformer model, Batch batch)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var recorded = new List<Recorded>();
        var attentions = Attentions(model);
        foreach (var (attention, kind, layer) in attentions)
        {
            attention.Recorder = weights_BHTS =>
            {
                using (weights_BHTS)
                {
                    foreach (var (head_BTS, number) in weights_BHTS.unbind(1).Select((head, i) => (head, i + 1)))
                    {
                        var sides = head_BTS.shape;
                        var rows = head_BTS.contiguous().data<float>().ToArray().Chunk((int)(sides[1] * sides[2]));
                        recorded.Add(new Recorded(kind, layer, number, [.. rows], (int)sides[2]));
                    }
                }
            };
        }
        try
        {
            ToyTrainer.Loss(model, batch);
        }
        finally
        {
            attentions.ForEach(one => one.Attention.Recorder = null);
        }
        return recorded;
    }

    private static double[] Shares(Recorded head, int letters) =>
        [
            .. Places.Select(place =>
                head.Sequences.Average(weights => HeadStatistics.ShareOn(weights, head.Keys, t => place.KeyOf(t, letters)))
            ),
        ];

    private static AttentionMap Name(Recorded head, string letters)
    {
        string[] source = [.. letters.Select(letter => $"{letter}"), "<eos>"];
        string[] written = [.. letters.Reverse().Select(letter => $"{letter}"), "<eos>"];
        string[] read = ["<bos>", .. written[..^1]];
        var (queries, keys) = head.Kind switch
        {
            AttentionKind.EncoderSelf => (source, source),
            AttentionKind.DecoderSelf => (read, read),
            _ => (written, source),
        };
        return new AttentionMap(head.Kind, head.Layer, head.Number, queries, keys, head.Sequences[0]);
    }

    private static List<(MultiHeadAttention Attention, AttentionKind Kind, int Layer)> Attentions(Transformer model) =>
        [
            .. model.Encoder.Blocks.Select((block, i) => (block.SelfAttention, AttentionKind.EncoderSelf, i + 1)),
            .. model.Decoder.Blocks.Select((block, i) => (block.SelfAttention, AttentionKind.DecoderSelf, i + 1)),
            .. model.Decoder.Blocks.Select((block, i) => (block.CrossAttention, AttentionKind.Cross, i + 1)),
        ];

    private sealed record Recorded(AttentionKind Kind, int Layer, int Number, float[][] Sequences, int Keys);
}
