using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Numerics;
using TrainingCluster.Modeling.Tokenization;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Decoding;

/// <summary>Finds a model's answers to sentences of tokens: greedily, or by beam search.</summary>
public static class SequenceSearch
{
    /// <summary>The token that begins every answer.</summary>
    public const int BosId = BpeTokenizer.BosId;

    /// <summary>The token that ends every answer.</summary>
    public const int EosId = BpeTokenizer.EosId;

    /// <summary>
    /// The best answer to each sentence. Sentences of like length are searched together; the answers come in the order
    /// of the sentences. The model is put into evaluation mode for the while.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="sources">Tokens of each sentence, its end-of-sequence token included; at least one token each.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the search between steps.</param>
    public static IReadOnlyList<Hypothesis> Search(
        SequenceToSequenceModel model,
        IReadOnlyList<int[]> sources,
        SearchOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(sources);
        var answers = new BestAnswers(sources.Count);
        Search(model, sources, options ?? new SearchOptions(), answers, cancellationToken);
        return answers.Best;
    }

    /// <summary>The same, for whoever wants to hear of each step, of every answer at once, and to give sentences up.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sources">Tokens of each sentence, its end-of-sequence token included; at least one token each.</param>
    /// <param name="options">How to search.</param>
    /// <param name="follower">Is told of each step and each answer.</param>
    /// <param name="cancellationToken">Ends the search between steps.</param>
    public static void Search(
        SequenceToSequenceModel model,
        IReadOnlyList<int[]> sources,
        SearchOptions options,
        ISearchFollower follower,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(follower);
        options.Validate();
        var cut = sources.Select(source => Cut(source, options)).ToList();
        using var noGradients = no_grad();
        using var search = model.BeginSearch();
        foreach (var batch in SentenceBatch.Cut(cut, options.BatchTokens / options.Beam))
        {
            if (options.Beam == 1)
            {
                GreedySearch.Run(model, batch, options, follower, cancellationToken);
            }
            else
            {
                BeamSearch.Run(model, batch, options, follower, cancellationToken);
            }
        }
    }

    /// <summary>The source as it is searched with: without what is too long, and with its end.</summary>
    internal static int[] Cut(int[] source, SearchOptions options) =>
        source.Length <= options.MaxSourceTokens ? source : [.. source.Take(options.MaxSourceTokens - 1), EosId];

    /// <summary>Scores of the next token, with those that no answer may hold, padding and the beginning, out of reach.</summary>
    internal static Tensor NextScores(SequenceToSequenceModel model, DecoderState state, int[] tokens, Device device)
    {
        var scores_RV = state is PackedTransformerState packed
            ? packed.Advance(tokens)
            : model.DecodeStep(state, tensor(tokens.Select(token => (long)token).ToArray(), device: device));
        scores_RV.narrow(1, 0, 2).fill_(Number.Of(double.NegativeInfinity));
        return scores_RV;
    }

    /// <summary>An order in which those that stay keep their places as far as they can: the last take those of whoever leaves.</summary>
    /// <param name="stay">Places, rising.</param>
    internal static long[] CloseRanks(IReadOnlyList<long> stay)
    {
        var order = new long[stay.Count];
        var (next, last) = (0, stay.Count);
        for (var place = 0; place < order.Length; place++)
        {
            order[place] = next < stay.Count && stay[next] == place ? stay[next++] : stay[--last];
        }
        return order;
    }

    /// <summary>A row of numbers in the CPU's memory; to be used no longer than the tensor lives.</summary>
    /// <param name="scores_RV">[R, V] float32, contiguous.</param>
    /// <param name="row">Below R.</param>
    internal static unsafe ReadOnlySpan<float> RowOf(Tensor scores_RV, int row)
    {
        var width = (int)scores_RV.shape[1];
        fixed (byte* start = scores_RV.bytes)
        {
            return new ReadOnlySpan<float>((float*)start + ((long)row * width), width);
        }
    }

    internal static Device DeviceOf(SequenceToSequenceModel model) => model.parameters().First().device;

    internal static double Score(double logProbability, int length, SearchOptions options) =>
        logProbability / Math.Pow(Math.Max(1, length), options.LengthPenalty);

    /// <summary>Wants every sentence, and keeps the best answer to each.</summary>
    internal sealed class BestAnswers(int sentences) : ISearchFollower
    {
        public Hypothesis[] Best { get; } = new Hypothesis[sentences];

        public bool Wants(int sentence) => true;

        public void Advance(int sentence, ReadOnlySpan<int> settled) { }

        public void Finish(int sentence, IReadOnlyList<Hypothesis> answers) => Best[sentence] = answers[0];
    }
}
